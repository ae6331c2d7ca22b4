"""Image classification: one image in, one score for each of the model's own labels out."""

from pathlib import Path

import torch
from transformers import AutoModelForImageClassification

from converters.families.family import GRAPH_STAGES, Description
from converters.families.loading import load_original
from converters.inspection.image import read_image_spec
from converters.inspection.labels import is_multi_label, read_labels
from converters.results import Inspected, Part
from model_repository.heads import ClassificationHead
from model_repository.manifest import Task

PIXELS = "pixel_values"


class ImageModel(torch.nn.Module):  # type: ignore[misc]  # torch is not analysed
    """A classifier of images: FP32 `[batch, 3, height, width]` in, `logits` `[batch, labels]` out."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model
        self.config = model.config  # the exporter reads it

    def forward(self, pixel_values: torch.Tensor) -> dict[str, torch.Tensor]:
        """Classify."""
        return {"logits": self.model(pixel_values=pixel_values).logits}


class ImageClassificationFamily:
    """Classifiers of images of a fixed size."""

    name = "image-classification"
    stages = GRAPH_STAGES
    tasks = frozenset({Task.IMAGE_CLASSIFICATION})

    def claims(self, model: Description) -> bool:
        """By the architecture's name."""
        return model.architecture.endswith("ForImageClassification")

    def inspect(self, model: Description, _folder: Path) -> tuple[Part, ...]:
        """One part with the model's labels."""
        head = ClassificationHead(
            output="logits", labels=read_labels(model.config), multi_label=is_multi_label(model.config)
        )
        image = read_image_spec(model.root)
        return (Part(tasks=(Task.IMAGE_CLASSIFICATION,), head=head, inputs=(PIXELS,), image=image),)

    def load(self, source: Path, facts: Inspected, _part: Part) -> ImageModel:
        """The original with its own head."""
        model = ImageModel(load_original(AutoModelForImageClassification, source / facts.root))
        model.eval()
        return model
