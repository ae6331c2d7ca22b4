"""Images for tests, as the APIs take them."""

import base64
import io

import numpy as np
from PIL import Image

RGB = "RGB"


def picture(width: int, height: int, seed: int = 0, mode: str = RGB) -> Image.Image:
    """Smooth random colours, which every format keeps much better than noise."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def packed(image: Image.Image, image_format: str = "PNG", **options: object) -> str:
    """Base64 of an image in a format."""
    file = io.BytesIO()
    image.save(file, format=image_format, **options)
    return base64.b64encode(file.getvalue()).decode()
