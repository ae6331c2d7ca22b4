"""Prompts to measure and to judge with."""

from itertools import chain, cycle, islice
from pathlib import Path

from tokenizers import Tokenizer

from converters.samples.sentences import SENTENCES
from converters.spec import ConversionError

STEPS = 64
"""Tokens to generate."""

LENGTHS = (1, 2, 5, 11, 17, 32, 61, 128)
"""Tokens of the prompts, special ones not counted."""


def prompts(tokenizer: Path, limit: int) -> list[list[int]]:
    """One prompt a length, special tokens included, as real text as the length allows.

    Args:
        limit: most tokens of a prompt.

    Raises:
        ConversionError: the tokenizer makes nothing of plain text.

    """
    rust = Tokenizer.from_file(str(tokenizer))
    whole = rust.encode(SENTENCES[0])
    real = [at for at, special in enumerate(whole.special_tokens_mask) if not special]
    if not real:
        raise ConversionError(
            "the tokenizer makes no tokens of plain text", hint="Check that it is the model's own tokenizer."
        )
    before, after = whole.ids[: real[0]], whole.ids[real[-1] + 1 :]
    bodies = [rust.encode(sentence, add_special_tokens=False).ids for sentence in SENTENCES]
    room = limit - len(before) - len(after)
    made = []
    for number, length in enumerate(LENGTHS):
        body = chain.from_iterable(cycle(bodies[number:] + bodies[:number]))
        made.append([*before, *islice(body, max(1, min(length, room))), *after])
    return made
