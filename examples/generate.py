"""Continues texts, one and several at once.

URL=http://127.0.0.1:8000 KEY=... python examples/generate.py [MODEL]
"""

import os
import sys

import httpx

MODEL = sys.argv[1] if len(sys.argv) > 1 else "smollm2-135m-instruct"

client = httpx.Client(base_url=os.environ["URL"], headers={"x-api-key": os.environ["KEY"]}, timeout=120)


def generate(text: str | list[str], **parameters: float) -> str | list[str]:
    """The text with what the model adds to it; a list gives a list."""
    response = client.post("/text-generation", json={"text": text, "model": MODEL, **parameters})
    if response.is_error:
        sys.exit(response.json()["message"])
    return response.json()["output"]


print(generate("The capital of France is", temperature=0, max_length=12))
for line in generate(["A galley is", "Butter is made from"], temperature=0.7, top_p=0.9, max_length=24):
    print("-", line)
