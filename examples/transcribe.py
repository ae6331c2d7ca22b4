"""What is said in a recording, and when?

URL=http://127.0.0.1:8000 KEY=... MODEL=whisper-tiny-en python examples/transcribe.py talk.mp3
"""

import os
import sys
from pathlib import Path

from openai import OpenAI

client = OpenAI(base_url=f"{os.environ['URL']}/v1", api_key=os.environ["KEY"])
with Path(sys.argv[1]).open("rb") as recording:
    transcript = client.audio.transcriptions.create(
        model=os.environ["MODEL"], file=recording, response_format="verbose_json"
    )
for segment in transcript.segments or []:
    print(f"{segment.start:7.2f} - {segment.end:7.2f} {segment.text}")
