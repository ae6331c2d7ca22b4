"""Asks a model through OpenAI's client: a whole answer, one in pieces, and a response.

URL=http://127.0.0.1:8000 KEY=... python examples/chat.py [MODEL]
"""

import os
import sys

from openai import OpenAI

MODEL = sys.argv[1] if len(sys.argv) > 1 else "smollm2-135m-instruct"
QUESTION = {"role": "user", "content": "How many rows of oars has a trireme?"}

with OpenAI(base_url=f"{os.environ['URL']}/v1", api_key=os.environ["KEY"]) as client:
    answer = client.chat.completions.create(model=MODEL, messages=[QUESTION], max_completion_tokens=32)
    print(answer.choices[0].message.content)

    chunks = client.chat.completions.create(
        model=MODEL, messages=[QUESTION], max_completion_tokens=32, stream=True
    )
    for chunk in chunks:
        for choice in chunk.choices:
            print(choice.delta.content or "", end="", flush=True)
    print(f"\n{chunk.usage.completion_tokens} tokens")

    response = client.responses.create(model=MODEL, input=QUESTION["content"], max_output_tokens=32)
    print(response.output_text)
