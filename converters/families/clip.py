"""CLIP: a text tower and an image tower whose vectors share one space; one part each."""

import math
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import CLIPModel

from converters.families.family import GRAPH_STAGES, Description
from converters.families.images import PIXELS
from converters.families.loading import load_original
from converters.inspection.image import read_image_spec
from converters.inspection.text import with_text
from converters.results import Inspected, Part
from converters.spec import ConversionError
from model_repository.heads import EmbeddingHead, ImageEmbeddingHead
from model_repository.manifest import Task

TEXT, IMAGE = "text", "image"
TEXT_VECTOR, IMAGE_VECTOR = "text_embeds", "image_embeds"


class TextTower(torch.nn.Module):  # type: ignore[misc]  # torch is not analysed
    """int64 `[batch, length]` in, `text_embeds` `[batch, dimensions]` out, not scaled to unit length."""

    def __init__(self, model: CLIPModel) -> None:
        super().__init__()
        self.tower = model.text_model
        self.projection = model.text_projection
        self.config = model.config.text_config  # the exporter reads it

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        """Project what the tower makes of the whole text."""
        encoded = self.tower(input_ids=input_ids, attention_mask=attention_mask)
        return {TEXT_VECTOR: self.projection(encoded.pooler_output)}


class ImageTower(torch.nn.Module):  # type: ignore[misc]  # torch is not analysed
    """FP32 `[batch, 3, height, width]` in, `image_embeds` `[batch, dimensions]` out, not scaled either."""

    def __init__(self, model: CLIPModel) -> None:
        super().__init__()
        self.tower = model.vision_model
        self.projection = model.visual_projection
        self.config = model.config.vision_config  # the exporter reads it

    def forward(self, pixel_values: torch.Tensor) -> dict[str, torch.Tensor]:
        """Project what the tower makes of the whole image."""
        encoded = self.tower(pixel_values=pixel_values)
        return {IMAGE_VECTOR: self.projection(encoded.pooler_output)}


class ClipFamily:
    """CLIP with both towers."""

    name = "clip"
    stages = GRAPH_STAGES
    tasks = frozenset({Task.EMBEDDING, Task.IMAGE_EMBEDDING, Task.IMAGE_CLASSIFICATION})

    def claims(self, model: Description) -> bool:
        """By the architecture's name."""
        return model.architecture == "CLIPModel"

    def inspect(self, model: Description, folder: Path) -> tuple[Part, ...]:
        """Both parts; classifying an image by labels takes the two together."""
        dimensions = model.config.projection_dim
        text = Part(
            name=TEXT,
            tasks=(Task.EMBEDDING, Task.IMAGE_CLASSIFICATION),
            head=EmbeddingHead(output=TEXT_VECTOR, dimensions=dimensions, pooling=None, normalise=False),
        )
        image = Part(
            name=IMAGE,
            tasks=(Task.IMAGE_EMBEDDING, Task.IMAGE_CLASSIFICATION),
            head=ImageEmbeddingHead(
                output=IMAGE_VECTOR, dimensions=dimensions, logit_scale=_logit_scale(model.root)
            ),
            inputs=(PIXELS,),
            image=read_image_spec(model.root),
        )
        # The tower takes the vector at the token that ends the text, so that token must be there.
        return with_text(text, model.root, model.config.text_config, folder, whole=True), image

    def load(self, source: Path, facts: Inspected, part: Part) -> TextTower | ImageTower:
        """The tower of the part."""
        original = load_original(CLIPModel, source / facts.root)
        model = TextTower(original) if part.name == TEXT else ImageTower(original)
        model.eval()
        return model


def _logit_scale(root: Path) -> float:
    """The factor on cosines, which is stored as its logarithm."""
    for file in sorted(root.glob("*.safetensors")):
        with safe_open(file, framework="pt") as tensors:
            if "logit_scale" in tensors.keys():  # noqa: SIM118 - no mapping
                return math.exp(tensors.get_tensor("logit_scale").item())
    raise ConversionError("the weights lack logit_scale", hint="Convert the weights of the whole CLIPModel.")
