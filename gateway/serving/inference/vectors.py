"""Vectors as the OpenAI-compatible API writes them: lists of numbers, or base64 of little-endian float32."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import orjson

from control_plane.catalog import Provider
from gateway.serving.errors import ProviderFailedError
from gateway.serving.inference.upstream_chat import note_tokens
from gateway.serving.providers.form import Json
from gateway.serving.providers.upstreams import Upstreams
from gateway.serving.rows import Array

FLOAT32 = np.dtype("<f4")
BASE64 = "base64"


def written(vectors: Array, encoding: str | None) -> msgspec.Raw:
    """JSON of the list of vectors, straight from their buffer."""
    rows = vectors.astype(FLOAT32, order="C", copy=False)
    data = [
        {"object": "embedding", "index": index, "embedding": packed(row) if encoding == BASE64 else row}
        for index, row in enumerate(rows)
    ]
    return msgspec.Raw(orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY))


def packed(vector: Array) -> str:
    """Base64 of a vector's bytes."""
    return b64encode(vector.tobytes()).decode()


async def embedded_elsewhere(upstreams: Upstreams, provider: Provider, body: Json) -> dict[str, Any]:
    """What another's API answers, its vectors in the format that `body` asks for.

    Not every API knows both formats.

    Raises:
        ProviderFailedError: it answered with something other than vectors.
        TriremeError: see `Upstreams.embeddings`.

    """
    answer = await upstreams.embeddings(provider, body)
    note_tokens(answer)
    try:
        data = [_converted(item, body.get("encoding_format")) for item in answer["data"]]
    except (LookupError, TypeError, ValueError):
        raise ProviderFailedError(
            "The model's provider answered with something other than vectors.", status=502
        ) from None
    return {**answer, "data": data}


def _converted(item: Mapping[str, Any], encoding: str | None) -> dict[str, Any]:
    vector = item["embedding"]
    if encoding == BASE64 and isinstance(vector, list):
        vector = packed(np.array(vector, FLOAT32))
    elif encoding != BASE64 and isinstance(vector, str):
        vector = np.frombuffer(b64decode(vector), FLOAT32).tolist()
    return {**item, "embedding": vector}
