"""Sentence-transformers behind FastAPI, as its users write it: `fastapi_server.py MODEL PORT`."""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer

model = SentenceTransformer(sys.argv[1], device="cpu")
app = FastAPI()


class Texts(BaseModel):
    text: list[str]


@app.get("/health")
def health() -> str:
    return "ok"


@app.post("/embed")
def embed(texts: Texts) -> list[list[float]]:
    return model.encode(texts.text, normalize_embeddings=True).tolist()


uvicorn.run(app, port=int(sys.argv[2]), log_level="warning")
