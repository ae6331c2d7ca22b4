"""Which of two sentences means the same as a third?

URL=http://127.0.0.1:8000 KEY=... python examples/embed.py
"""

import os
from math import hypot
from operator import mul

import httpx

SENTENCES = [
    "a galley with three rows of oars",
    "an ancient warship that men rowed",
    "the price of butter rose again",
]


def cosine(a: list[float], b: list[float]) -> float:
    """1 for the same direction, 0 for unrelated ones."""
    return sum(map(mul, a, b)) / (hypot(*a) * hypot(*b))


response = httpx.post(
    f"{os.environ['URL']}/text-vectorisation",
    headers={"x-api-key": os.environ["KEY"]},
    json={"text": SENTENCES},
    timeout=60,
)
response.raise_for_status()
first, *others = response.json()["vector"]
for sentence, vector in zip(SENTENCES[1:], others, strict=True):
    print(f"{cosine(first, vector):6.3f}  {sentence}")
