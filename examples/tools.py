"""Has a model call a function of this program, and answer with what it returned.

URL=http://127.0.0.1:8000 KEY=... python examples/tools.py [MODEL]
"""

import json
import os
import sys
from typing import Any

from openai import OpenAI

MODEL = sys.argv[1] if len(sys.argv) > 1 else "smollm2-135m-instruct"
ROWERS = {"trireme": 170, "penteconter": 50}
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "rowers",
        "description": "Number of people who row a ship.",
        "parameters": {
            "type": "object",
            "properties": {"ship": {"enum": list(ROWERS)}},
            "required": ["ship"],
            "additionalProperties": False,
        },
    },
}

messages: list[Any] = [{"role": "user", "content": "How many people row a trireme?"}]
with OpenAI(base_url=f"{os.environ['URL']}/v1", api_key=os.environ["KEY"]) as client:
    asked = client.chat.completions.create(
        model=MODEL, messages=messages, tools=[TOOL], tool_choice="required", temperature=0
    )
    message = asked.choices[0].message
    messages.append(message)
    for call in message.tool_calls or []:
        count = ROWERS[json.loads(call.function.arguments)["ship"]]
        print(f"{call.function.name} {call.function.arguments} = {count}")
        messages.append({"role": "tool", "tool_call_id": call.id, "content": str(count)})

    answer = client.chat.completions.create(
        model=MODEL,
        messages=messages,
        tools=[TOOL],
        tool_choice="none",
        temperature=0,
        max_completion_tokens=48,
    )
    print(answer.choices[0].message.content)
