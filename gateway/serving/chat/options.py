"""How an answer is drawn and where it ends, in the words of OpenAI's API."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model_repository.errors import RefusedInputError

STOPS = 4
CHOICES = 16
MOST = 2**31 - 1
"""Largest number of tokens that can be asked for."""

RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 100),
    "top_p": (0, 1),
    "top_k": (0, MOST),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "repetition_penalty": (0.01, 100),
    "seed": (-(2**63), 2**63 - 1),
    "n": (1, CHOICES),
    "top_logprobs": (0, 20),
    "min_tokens": (0, MOST),
    "max_tokens": (1, MOST),
}
"""Smallest and largest value of each option that is a number."""


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Sampling, and where it ends.

    Attributes:
        temperature: 0 takes the likeliest token each time.
        top_p: draw from the likeliest tokens that together have this probability; 0 means one token.
        top_k: draw from this many tokens at most; 0 for no limit.
        presence_penalty: taken once from the logit of every token that the answer has already.
        frequency_penalty: taken from a token's logit as often as the answer has it.
        repetition_penalty: above 1 makes tokens of the prompt and of the answer less likely.
        logit_bias: added to the logits of token ids, -100 to 100.
        seed: the same seed draws the same answer; of several choices each has another one made from it.
        n: choices to answer with.
        stop: texts that end an answer and are no part of it.
        min_tokens: no answer ends before it has this many.
        max_tokens: most tokens of an answer; None for as many as the model has room for.
        top_logprobs: likeliest tokens that are told for each token of the answer, beside its own; None for no
            logprobs at all.

    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    seed: int | None = None
    n: int = 1
    stop: tuple[str, ...] = ()
    min_tokens: int = 0
    max_tokens: int | None = None
    top_logprobs: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no model could do.

        Raises:
            RefusedInputError: an option is out of its range.

        """
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise RefusedInputError(
                    f"`{name}` must be from {_told(least)} to {_told(most)}, not {_told(value)}"
                )
        if any(token < 0 for token in self.logit_bias):
            raise RefusedInputError("`logit_bias` must name tokens by their ids, which are 0 and up")
        if any(not -100 <= bias <= 100 for bias in self.logit_bias.values()):  # the range
            raise RefusedInputError("`logit_bias` must be from -100 to 100 for each token")
        if len(self.stop) > STOPS or not all(self.stop):
            raise RefusedInputError(f"`stop` takes up to {STOPS} texts, none of them empty")
        if self.max_tokens is not None and self.min_tokens > self.max_tokens:
            raise RefusedInputError("`min_tokens` is above the most tokens that the answer may have")


def _told(number: float) -> str:
    return f"{number:g}" if isinstance(number, float) else str(number)
