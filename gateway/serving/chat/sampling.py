"""What a conversation asks for, as the model's backend is told it."""

from gateway.serving.chat.options import ChatOptions
from gateway.serving.errors import InputTooLongError
from gateway.serving.generation.model import generation_head
from gateway.serving.generation.results import GenerationParameters
from model_repository.generation import SamplingParameters
from model_repository.manifest import Manifest

SEEDS = 2**32


def parameters(
    graph: Manifest, prompt: int, options: ChatOptions, schema: str | None
) -> GenerationParameters:
    """How to generate behind a prompt of so many tokens.

    Args:
        schema: JSON schema that the answer follows.

    Raises:
        InputTooLongError: there is no room for as much as is asked for.

    """
    room = generation_head(graph).max_length - prompt
    most = room if options.max_tokens is None else options.max_tokens
    if most > room or options.min_tokens > most:
        raise InputTooLongError(
            f"model {graph.name} holds {room + prompt} tokens of conversation and answer together; "
            f"{prompt} of conversation and {max(most, options.min_tokens)} of answer do not fit",
            hint="Send less, or ask for less.",
        )
    return GenerationParameters(sampling(options, most, schema), options.stop)


def sampling(options: ChatOptions, most: int, schema: str | None = None) -> SamplingParameters:
    """The options as backends take them, for answers of so many tokens at most."""
    greedy = options.temperature == 0 or options.top_p == 0
    return SamplingParameters(
        max_new_tokens=most,
        min_new_tokens=options.min_tokens,
        # Several answers must be drawn; drawn from one token, they are all the likeliest.
        do_sample=not greedy or options.n > 1,
        temperature=1.0 if greedy else options.temperature,
        top_p=1.0 if greedy else options.top_p,
        top_k=1 if greedy else options.top_k,
        repetition_penalty=options.repetition_penalty,
        presence_penalty=options.presence_penalty,
        frequency_penalty=options.frequency_penalty,
        logit_bias=dict(options.logit_bias),
        num_return_sequences=options.n,
        seed=None if options.seed is None else options.seed % SEEDS,
        top_logprobs=options.top_logprobs,
        json_schema=schema,
    )
