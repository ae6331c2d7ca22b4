"""What a model is capable of: found out by asking its provider, or read in its manifests. No ORM."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_repository.heads import EmbeddingHead, ImageEmbeddingHead
from model_repository.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What must be equal among the providers of a router.

    Attributes:
        max_context_length: tokens; None where it is not told.
        vector_size: of embeddings; None for models that make none.

    """

    max_context_length: int | None = None
    vector_size: int | None = None


def capabilities_of(graphs: Sequence[Manifest]) -> Capabilities:
    """What the graphs of a version say of themselves."""
    lengths = [graph.tokenizer.max_length for graph in graphs if graph.tokenizer is not None]
    sizes = [
        graph.head.dimensions
        for graph in graphs
        if isinstance(graph.head, EmbeddingHead | ImageEmbeddingHead)
    ]
    return Capabilities(min(lengths, default=None), sizes[0] if sizes else None)
