"""The parameters of `/text-generation`, and what they mean when they are left out."""

from typing import Annotated, Protocol

from msgspec import Meta

from gateway.body import BadRequestError
from gateway.serving.generation.results import GenerationParameters
from model_repository.generation import SamplingParameters
from model_repository.heads import GenerationHead

MAX_NEW_TOKENS = 1024
"""Most that one request may ask for; long enough for the models of this API."""

MAX_ANSWERS = 16
"""Beams or answers a text."""

MIN_LENGTH, MAX_LENGTH = 10, 20
CONTINUING_TEMPERATURE = 0.7
TOP_K = 50
"""Defaults of the vendor's library."""

LENGTH_RULE = f"a whole number from 1 to {MAX_NEW_TOKENS}"
PENALTY_RULE = "a number from 0.01 to 100"
EXPONENT_RULE = "a number from -10 to 10"

Length = (
    Annotated[int, Meta(ge=1, le=MAX_NEW_TOKENS)]
    | Annotated[float, Meta(ge=1, le=MAX_NEW_TOKENS, multiple_of=1)]
)
Count = (
    Annotated[int, Meta(ge=1, le=MAX_ANSWERS)] | Annotated[float, Meta(ge=1, le=MAX_ANSWERS, multiple_of=1)]
)
Temperature = Annotated[float, Meta(ge=0, le=100)]
Penalty = Annotated[float, Meta(ge=0.01, le=100)]
Exponent = Annotated[float, Meta(ge=-10, le=10)]
"""Of the length of an answer: scores that are divided by more are no numbers any more."""

Share = Annotated[float, Meta(gt=0, le=1)]


class Sampling(Protocol):
    """The fields of a body that say how to generate; None where they were left out."""

    @property
    def min_length(self) -> float | None: ...  # noqa: D102  # they are what the contract calls them
    @property
    def max_length(self) -> float | None: ...  # noqa: D102
    @property
    def temperature(self) -> float | None: ...  # noqa: D102
    @property
    def top_k(self) -> float | None: ...  # noqa: D102
    @property
    def top_p(self) -> float | None: ...  # noqa: D102
    @property
    def repetition_penalty(self) -> float | None: ...  # noqa: D102
    @property
    def length_penalty(self) -> float | None: ...  # noqa: D102
    @property
    def num_beams(self) -> float | None: ...  # noqa: D102
    @property
    def num_generations(self) -> float | None: ...  # noqa: D102
    @property
    def do_sample(self) -> bool | None: ...  # noqa: D102


def parameters(body: Sampling, head: GenerationHead) -> GenerationParameters:
    """What a body asks of a model with this head.

    Raises:
        BadRequestError: fields contradict each other.

    """
    most = int(body.max_length or MAX_LENGTH)
    least = min(MIN_LENGTH, most) if body.min_length is None else int(body.min_length)
    if least > most:
        raise BadRequestError(f"`min_length` must not be above `max_length`: {least} and {most}")
    draws = _draws(body, continues=not head.encoder_decoder)
    beams, number = int(body.num_beams or 1), int(body.num_generations or 1)
    if number > beams and (beams > 1 or not draws):
        raise BadRequestError(
            "`num_generations` above 1 needs sampling without beams, or as many `num_beams`: "
            f"{number} of {beams}"
        )
    temperature = body.temperature or (1.0 if head.encoder_decoder else CONTINUING_TEMPERATURE)
    sampling = SamplingParameters(
        min_new_tokens=least,
        max_new_tokens=most,
        do_sample=draws,
        temperature=temperature if draws else 1.0,
        top_k=(TOP_K if body.top_k is None else int(body.top_k)) if draws else 0,
        top_p=body.top_p or 1.0 if draws else 1.0,
        repetition_penalty=body.repetition_penalty or 1.0,
        length_penalty=1.0 if body.length_penalty is None else body.length_penalty,
        num_beams=beams,
        num_return_sequences=number,
    )
    return GenerationParameters(sampling)


def _draws(body: Sampling, *, continues: bool) -> bool:
    """Whether to draw tokens: only a temperature of 0 and a plain no are stronger than being asked for it."""
    if body.do_sample is not None or body.temperature == 0:
        return bool(body.do_sample) and body.temperature != 0
    given = (
        body.temperature,
        body.top_k,
        body.top_p,
        body.repetition_penalty,
        body.length_penalty,
        body.num_beams,
        body.num_generations,
    )
    return continues or any(value is not None for value in given)
