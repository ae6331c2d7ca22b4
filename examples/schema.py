"""Reads facts out of a text, as an object whose schema the answer is held to.

URL=http://127.0.0.1:8000 KEY=... python examples/schema.py [MODEL]
"""

import os
import sys
from typing import Literal

from openai import OpenAI
from pydantic import BaseModel, Field

MODEL = sys.argv[1] if len(sys.argv) > 1 else "smollm2-135m-instruct"
TEXT = "A trireme is a warship with three rows of oars."


class Ship(BaseModel):
    kind: Literal["trireme", "merchant", "ferry"]
    rows: int = Field(ge=0, le=5)
    armed: bool


with OpenAI(base_url=f"{os.environ['URL']}/v1", api_key=os.environ["KEY"]) as client:
    answer = client.chat.completions.parse(
        model=MODEL,
        messages=[{"role": "user", "content": f"{TEXT} Describe it as JSON."}],
        response_format=Ship,
        temperature=0,
    )
    print(answer.choices[0].message.parsed)
