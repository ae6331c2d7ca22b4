"""`POST /text-generation`."""

from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from msgspec import Meta

from control_plane.catalog import Key
from gateway.apis.backprop.sampling import (
    EXPONENT_RULE,
    LENGTH_RULE,
    MAX_ANSWERS,
    PENALTY_RULE,
    Count,
    Exponent,
    Length,
    Penalty,
    Share,
    Temperature,
    parameters,
)
from gateway.apis.backprop.schemas import MODEL_RULE, Text, WholeNumber
from gateway.apis.backprop.tasks import answers, respond
from gateway.apis.backprop.uploaded import or_uploaded
from gateway.batch import Batch, BatchJSON, Item
from gateway.openapi import request_body
from gateway.serving.engine import Engine
from gateway.serving.tasks.generation import Generations
from model_repository.manifest import Task

DEFAULT_GENERATOR = "gpt2-large"


class TextGenerationSingle(Item, frozen=True, kw_only=True):
    """A single text; fields that are not listed are ignored."""

    max_items: ClassVar[int] = 128

    text: Annotated[Text, Meta(description="a string, not empty")]
    min_length: Annotated[
        WholeNumber | None,
        Meta(description="a whole number, 0 or more, not above `max_length`, or null for 10"),
    ] = None
    max_length: Annotated[Length | None, Meta(description=f"{LENGTH_RULE}, or null for 20")] = None
    temperature: Annotated[
        Temperature | None,
        Meta(description="a number from 0 to 100; 0 draws nothing, or null for the model's own"),
    ] = None
    top_k: Annotated[
        WholeNumber | None, Meta(description="a whole number, 0 or more; 0 is no limit, or null for 50")
    ] = None
    top_p: Annotated[Share | None, Meta(description="a number above 0, up to 1, or null for 1")] = None
    repetition_penalty: Annotated[Penalty | None, Meta(description=f"{PENALTY_RULE}, or null for 1")] = None
    length_penalty: Annotated[Exponent | None, Meta(description=f"{EXPONENT_RULE}, or null for 1")] = None
    num_beams: Annotated[
        Count | None, Meta(description=f"a whole number from 1 to {MAX_ANSWERS}, or null for 1")
    ] = None
    num_generations: Annotated[
        Count | None, Meta(description=f"a whole number from 1 to {MAX_ANSWERS}, or null for 1")
    ] = None
    do_sample: Annotated[bool | None, Meta(description="true, false or null")] = None
    model: Annotated[str | None, Meta(description=f"{MODEL_RULE}, `{DEFAULT_GENERATOR}`")] = None


class TextGenerationSingleResponse(msgspec.Struct, frozen=True):
    """The generated text, or a list of them where `num_generations` is above 1."""

    output: str | list[str]


class TextGenerationBatchResponse(msgspec.Struct, frozen=True):
    """The generated texts of a batch, in its order."""

    output: list[str | list[str]]


REQUEST = request_body(
    "One text or a batch",
    a_single_text={"text": "Geralt knew the signs, the monster was a", "max_length": 20, "temperature": 0.7},
    a_batch={"text": ["The sky is", "Once upon a time"], "num_generations": 2, "min_length": 5},
)
ANSWERS = answers(
    TextGenerationSingleResponse | TextGenerationBatchResponse,
    "The text, with what it continues in front where the model continues texts.",
    a_single_text={"output": "Geralt knew the signs, the monster was a vernal drake, and it was hungry."},
    a_batch={
        "output": [["The sky is blue", "The sky is low"], ["Once upon a time, a", "Once upon a time I"]]
    },
)


class TextGenerationController(Controller):
    """Texts to more text."""

    tags = ("tasks",)

    @post(
        "/text-generation",
        status_code=200,
        dto=BatchJSON[TextGenerationSingle],
        return_dto=None,
        operation_id="text_generation",
        summary="Generate from a text or a list of texts",
        responses=ANSWERS,
    )
    @or_uploaded(Task.TEXT_GENERATION, "output")
    async def generate(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Batch[TextGenerationSingle], REQUEST],
        engine: NamedDependency[Engine],
    ) -> Response[bytes]:
        """Continue a text, or answer it, depending on the model.

        `min_length` and `max_length` count the newly generated tokens. Models that continue texts draw their
        words unless `temperature` is 0 or `do_sample` is false; the others do so only when any of
        `temperature`, `top_k`, `top_p`, `repetition_penalty`, `length_penalty`, `num_beams` and
        `num_generations` is given, or `do_sample` is true. A text that is too long to be continued is
        refused; one that is too long to be answered is cut.
        """
        texts = [item.text for item in data.items]
        model = data.shared.model or DEFAULT_GENERATOR
        result = await engine.generate(request.auth, model, texts, partial(parameters, data.shared))
        return respond(output=data.shaped(_outputs(texts, result)))


def _outputs(texts: list[str], result: Generations) -> list[str | list[str]]:
    outputs: list[str | list[str]] = []
    for text, generated in zip(texts, result.answers, strict=True):
        whole = [(text if result.continues else "") + answer.text for answer in generated]
        outputs.append(whole if len(whole) > 1 else whole[0])
    return outputs
