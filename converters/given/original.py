"""The graph as it was given, run by ONNX Runtime: what all that is made from it must answer like."""

from pathlib import Path

import onnxruntime
import torch

from converters.causes import first_line
from converters.engines.onnxruntime import ERRORS_ONLY
from converters.given.graph import read_graph
from converters.given.heads import meaning_of
from converters.inspection.pipeline import read_pipeline
from converters.results import Inspected, Part
from converters.spec import ConversionError
from model_repository.heads import EmbeddingHead, Pooling, TensorHead


class GivenFamily:
    """Loads originals of given graphs; see `converters.families.family.GraphFamily`."""

    def load(self, source: Path, facts: Inspected, part: Part) -> "GivenModel":
        """The graph with, for embeddings of tokens, a pooling of its own that is not the converted one's."""
        path = source / facts.root
        hidden = ""
        if isinstance(part.head, EmbeddingHead):
            hidden = meaning_of(read_graph(path), None, read_pipeline(source)).hidden
        return GivenModel(path, part, hidden)


class GivenModel(torch.nn.Module):  # type: ignore[misc]  # torch is not analysed
    """Tensors in, named tensors out, computed by ONNX Runtime."""

    def __init__(self, path: Path, part: Part, hidden: str) -> None:
        super().__init__()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.head = part.head
        self.hidden = hidden

    def forward(self, **inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Answer a batch."""
        names = [value.name for value in self.session.get_outputs()]
        if isinstance(self.head, TensorHead):
            names = list(self.head.outputs)
        feeds = {name: tensor.numpy() for name, tensor in inputs.items()}
        try:
            answers = self.session.run(names, feeds)
        except Exception as error:
            shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in feeds.items())
            raise ConversionError(
                f"the graph itself fails on {shapes}: {first_line(str(error))}",
                hint="Where axes must fit together, declare their sizes in config.json under tensors.",
            ) from error
        outputs = dict(zip(names, map(torch.from_numpy, answers), strict=True))
        if self.hidden and isinstance(self.head, EmbeddingHead):
            vectors = _pool(outputs[self.hidden], inputs["attention_mask"], self.head)
            outputs = {self.head.output: vectors}
        return outputs


def _pool(hidden: torch.Tensor, mask: torch.Tensor, head: EmbeddingHead) -> torch.Tensor:
    if head.pooling is Pooling.CLS:
        pooled = hidden[:, 0]
    else:
        pooled = torch.stack([row[kept.bool()].mean(0) for row, kept in zip(hidden, mask, strict=True)])
    return torch.nn.functional.normalize(pooled) if head.normalise else pooled
