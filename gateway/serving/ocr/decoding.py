"""Steps of a recognised line to its text."""

import numpy as np

from gateway.serving.rows import Array
from model_repository.heads import TextRecognitionHead

BLANK = 0


def decode(head: TextRecognitionHead, ids: Array, scores: Array) -> tuple[str, float]:
    """Text and its mean score, 0 where there is none.

    A character that goes on over several steps counts once; a blank lies between equal ones.
    """
    new = np.diff(ids, prepend=-1) != 0
    kept = new & (ids != BLANK)
    text = "".join(head.characters[int(each) - 1] for each in ids[kept])
    return text, float(scores[kept].mean()) if text else 0.0
