"""Sentence-transformers behind LitServe with its batching: `litserve_server.py MODEL PORT`."""

import sys

import litserve
from sentence_transformers import SentenceTransformer


class Embedding(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.model = SentenceTransformer(sys.argv[1], device=device)

    def decode_request(self, request: dict[str, list[str]]) -> list[str]:
        return request["text"]

    def predict(self, requests: list[list[str]]) -> list[list[list[float]]]:
        vectors = iter(self.model.encode([text for texts in requests for text in texts]).tolist())
        return [[next(vectors) for _ in texts] for texts in requests]

    def encode_response(self, output: list[list[float]]) -> dict[str, list[list[float]]]:
        return {"vector": output}


if __name__ == "__main__":
    api = Embedding(max_batch_size=32, batch_timeout=0.005)
    server = litserve.LitServer(api, accelerator="cpu", timeout=300)
    server.run(port=int(sys.argv[2]), log_level="warning", generate_client_file=False)
