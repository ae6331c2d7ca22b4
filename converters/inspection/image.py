"""How an image becomes the numbers that a model takes, as its own image processor does it."""

from pathlib import Path
from typing import Any

from transformers import AutoImageProcessor

from converters.causes import first_line
from converters.spec import ConversionError
from model_repository.heads import ImageSpec

_RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
"""Pillow's numbers."""

WHOLE = 384
"""ConvNeXT's processor cuts below this side, and above resizes to it outright."""


def read_image_spec(root: Path) -> ImageSpec:
    """What `preprocessor_config.json` says, with the defaults of the processor that it names.

    Raises:
        ConversionError: there is no such file, or it asks for a step that is not converted.

    """
    if not (root / "preprocessor_config.json").is_file():
        raise ConversionError(
            "the source holds no preprocessor_config.json",
            hint="Add it: without it nobody knows how the model wants its images.",
        )
    try:
        # The processor knows the older forms of the file, and what each of its kind leaves out.
        processor = AutoImageProcessor.from_pretrained(root, local_files_only=True, backend="pil")
    except Exception as error:
        raise ConversionError(
            f"the image processor cannot be loaded: {first_line(str(error))}",
            hint="Check preprocessor_config.json.",
        ) from error
    try:
        return _spec(processor)
    except (TypeError, ValueError, AttributeError) as error:
        raise ConversionError(
            f"preprocessor_config.json is not what it should be: {first_line(str(error))}",
            hint="Give three numbers for image_mean and image_std, one for rescale_factor, and a size.",
        ) from error


def _spec(processor: Any) -> ImageSpec:
    resample = _RESAMPLE.get(int(processor.resample))
    if not processor.do_resize or resample is None or getattr(processor, "rescale_offset", False):
        raise _refusal(type(processor).__name__)
    resize, keep_ratio, height, width = _sides(processor)
    mean, std = _normalisation(processor)
    return ImageSpec(
        height=height,
        width=width,
        resize=resize,
        keep_ratio=keep_ratio,
        resample=resample,
        mean=mean,
        std=std,
    )


def _sides(processor: Any) -> tuple[int, bool, int, int]:
    """The side to resize to, whether only the shorter one, and the size of what is cut out."""
    size, crop = processor.size, processor.crop_size
    share = getattr(processor, "crop_pct", None)
    match size.shortest_edge, size.height, size.width:
        case int(side), None, None if share is not None:
            return (int(side / share), True, side, side) if side < WHOLE else (side, False, side, side)
        case int(side), None, None if processor.do_center_crop and crop.height <= side >= crop.width:
            return side, True, crop.height, crop.width
        case None, int(height), int(width) if height == width and not processor.do_center_crop:
            return height, False, height, width
        case None, int(height), int(width) if height == width and crop.height <= height >= crop.width:
            return height, False, crop.height, crop.width
        case _:
            raise _refusal(type(processor).__name__)


Numbers = tuple[float, float, float]


def _normalisation(processor: Any) -> tuple[Numbers, Numbers]:
    """Mean and deviation on a scale of 0 to 1, whatever scale the processor works on."""
    scale = 255 * (processor.rescale_factor if processor.do_rescale else 1)
    means = processor.image_mean if processor.do_normalize else (0, 0, 0)
    stds = processor.image_std if processor.do_normalize else (1, 1, 1)
    red, green, blue = (float(mean / scale) for mean in means)
    spread_red, spread_green, spread_blue = (float(std / scale) for std in stds)
    return (red, green, blue), (spread_red, spread_green, spread_blue)


def _refusal(processor: str) -> ConversionError:
    return ConversionError(
        f"the steps of the image processor {processor} are not converted",
        hint="Convert a model whose images are resized to a fixed size, scaled and normalised.",
    )
