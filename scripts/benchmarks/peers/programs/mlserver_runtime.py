"""Sentence-transformers as a runtime of MLServer, which batches requests by itself."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse
from sentence_transformers import SentenceTransformer


class Embedding(MLModel):
    async def load(self) -> bool:
        self._model = SentenceTransformer(self.settings.parameters.uri, device="cpu")
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        texts = StringCodec.decode_input(payload.inputs[0])
        vectors: np.ndarray = self._model.encode(texts)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("vector", vectors)])
