"""One realistic request for each task, as its endpoint would hand it on."""

import base64
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from PIL import Image

from converters.spec import ConversionError
from model_repository.custom import TASK_STRINGS
from model_repository.manifest import Task

TEXT = "The delivery came two days late, but the phone itself works well and the battery lasts."
QUESTION = "How long does the battery last?"
CONTEXT = "The phone weighs 164 grams. Its battery lasts for 17 hours of video, and charges in 30 minutes."
LABELS = ["product", "delivery", "weather"]


def sample_params(task: Task, details: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a request: what the author gives in `details.samples`, or a single item.

    Raises:
        ConversionError: the author's sample is no object.

    """
    samples = details.get("samples", {})
    if not isinstance(samples, dict):
        raise _wrong("samples")
    name = TASK_STRINGS[task]
    if name not in samples:
        return _usual(task)
    if not isinstance(samples[name], dict):
        raise _wrong(f"samples.{name}")
    return dict(samples[name])


def _wrong(where: str) -> ConversionError:
    return ConversionError(
        f"config.json has details.{where} that is not an object",
        hint='Write "details": {"samples": {"custom": {"field": "value"}}}.',
    )


def _usual(task: Task) -> dict[str, Any]:
    match task:
        case Task.QUESTION_ANSWERING:
            return {"question": QUESTION, "context": CONTEXT, "prev_q": [], "prev_a": []}
        case Task.TEXT_CLASSIFICATION:
            return {"text": TEXT, "labels": LABELS}
        case Task.IMAGE_CLASSIFICATION:
            return {"image": _image(), "labels": ["a square", "a cat"]}
        case Task.IMAGE_EMBEDDING:
            return {"image": _image()}
        case Task.IMAGE_TEXT_EMBEDDING:
            return {"image": _image(), "text": "a square"}
        case _:
            return {"text": TEXT}


def _image() -> str:
    """A blue square on white, 64 x 64 pixels, as PNG in base64."""
    image = Image.new("RGB", (64, 64), "white")
    image.paste("blue", (16, 16, 48, 48))
    file = BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
