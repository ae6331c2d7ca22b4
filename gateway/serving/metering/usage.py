"""What a call has used, as its caller is told."""

from dataclasses import dataclass

from gateway.serving.metering.carbon import Footprint


@dataclass(frozen=True, slots=True)
class Usage:
    """The use of one call.

    Attributes:
        prompt_tokens: as the gateway's tokenizer counts, like `completion_tokens`.
        cost: in the currency of the prices.
        model_prompt_tokens: as the model counts; None where it does not tell.

    """

    prompt_tokens: int
    completion_tokens: int
    cost: float
    footprint: Footprint
    model_prompt_tokens: int | None = None
    model_completion_tokens: int | None = None
