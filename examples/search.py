"""Finds the passage that answers a question, through OpenAI's own client.

URL=http://127.0.0.1:8000 KEY=... python examples/search.py [QUESTION]
"""

import os
import sys

import numpy as np
from openai import OpenAI

MODEL = os.environ.get("MODEL", "all-minilm-l6-v2")
PASSAGES = [
    "Berlin had 3.9 million inhabitants at the end of 2024.",
    "Berlin is well known for its museums.",
    "A trireme was rowed by 170 men in three rows.",
    "Butter is made from cream.",
]

question = sys.argv[1] if len(sys.argv) > 1 else "How many people live in Berlin?"
client = OpenAI(base_url=f"{os.environ['URL']}/v1", api_key=os.environ["KEY"])


def embed(texts: list[str]) -> np.ndarray:
    """Unit vectors, one a text."""
    answer = client.embeddings.create(model=MODEL, input=texts)
    vectors = np.array([each.embedding for each in answer.data])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


(wanted,) = embed([question])
scores = embed(PASSAGES) @ wanted
for position in np.argsort(-scores):
    print(f"{scores[position]:6.3f}  {PASSAGES[position]}")
