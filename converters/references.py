"""The original's own answers, which everything that is made from it is compared with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from converters.comparison import answers, by_token
from converters.families.registry import GRAPH_FAMILIES
from converters.given.inspect import FAMILY as GIVEN
from converters.given.original import GivenFamily
from converters.ocr.inspect import FAMILY as OCR
from converters.ocr.original import OcrFamily
from converters.parity import Case
from converters.results import Inspected, Part
from converters.samples import sampler_of
from converters.spec import ConversionError
from converters.tensors import Tensors
from converters.work import Work


class Loads(Protocol):
    """The one thing that is asked of a family here."""

    def load(self, source: Path, facts: Inspected, part: Part, /) -> torch.nn.Module:
        """See `converters.families.family.GraphFamily.load`."""
        ...


ORIGINALS: dict[str, Loads] = {**GRAPH_FAMILIES, GIVEN: GivenFamily(), OCR: OcrFamily()}
"""What loads the original of each family."""


def references(work: Work) -> list[Case]:
    """What the original answers: to the probe first, so that the gate sees it answered, then to all cases.

    Raises:
        ConversionError: it answers with NaN or Inf.

    """
    torch.set_num_threads(work.spec.threads)
    model = ORIGINALS[work.facts.family].load(work.source, work.facts, work.part)
    cases = []
    with torch.inference_mode():
        for inputs in _batches(work):
            answer = model(**{name: torch.from_numpy(array) for name, array in inputs.items()})
            outputs = {name: tensor.numpy() for name, tensor in answer.items()}
            if not all(np.isfinite(array).all() for array in outputs.values()):
                raise ConversionError(
                    "the original itself answers with NaN or Inf", hint="Check the weights of the model."
                )
            cases.append(Case(inputs, outputs))
    return cases


def _batches(work: Work) -> Iterator[Tensors]:
    sampler = sampler_of(work.part, work.tokenizer)
    # Every element of the probe's answers must count, so answers by token are asked without padding.
    yield sampler.probe(even=any(by_token(work.part.head, name) for name in answers(work.part.head)))
    yield from sampler.cases()
