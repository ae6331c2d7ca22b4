"""An original library behind FastAPI, as users write it: `fastapi_server.py TASK MODEL PORT [BACKEND]`."""

import sys

import uvicorn
from fastapi import FastAPI
from original import load
from pydantic import BaseModel

task, path, port, *backend = sys.argv[1:]
model = load(task, path, *backend)
app = FastAPI()


class Texts(BaseModel):
    text: list[str]


@app.get("/health")
def health() -> str:
    return "ok"


@app.post("/predict")
def predict(texts: Texts) -> dict[str, list]:
    return {"answers": model(texts.text)}


uvicorn.run(app, port=int(port), log_level="warning")
