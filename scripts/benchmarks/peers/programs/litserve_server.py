"""The original library behind LitServe with its batching: `litserve_server.py TASK MODEL PORT [BACKEND]`."""

import sys

import litserve
from original import Answers, load


class Model(litserve.LitAPI):
    def setup(self, device: str) -> None:
        task, path, _, *backend = sys.argv[1:]
        self.model = load(task, path, *backend)

    def decode_request(self, request: dict[str, list[str]]) -> list[str]:
        return request["text"]

    def predict(self, requests: list[list[str]]) -> list[Answers]:
        answers = iter(self.model([text for texts in requests for text in texts]))
        return [[next(answers) for _ in texts] for texts in requests]

    def encode_response(self, output: Answers) -> dict[str, Answers]:
        return {"answers": output}


if __name__ == "__main__":
    server = litserve.LitServer(Model(max_batch_size=32, batch_timeout=0.005), accelerator="cpu", timeout=300)
    server.run(port=int(sys.argv[3]), log_level="warning", generate_client_file=False)
