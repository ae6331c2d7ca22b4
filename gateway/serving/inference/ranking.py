"""Rankings: the best first, and no more of them than are wanted."""

from collections.abc import Sequence
from typing import Any

import msgspec

from control_plane.catalog import Provider
from gateway.serving.errors import ProviderFailedError
from gateway.serving.inference.upstream_chat import note_tokens
from gateway.serving.providers.form import Json
from gateway.serving.providers.upstreams import Upstreams


class _Result(msgspec.Struct, frozen=True):
    relevance_score: float
    index: int


def ranked(scores: Sequence[float], top_n: int | None) -> list[tuple[int, float]]:
    """Positions with their scores, the best first, equal ones in their order.

    Args:
        top_n: how many to keep; None keeps all.

    """
    ordered = sorted(enumerate(scores), key=lambda item: item[1], reverse=True)
    return ordered[:top_n]


async def reranked_elsewhere(
    upstreams: Upstreams, provider: Provider, body: Json, top_n: int | None
) -> dict[str, Any]:
    """What another's API answers, in order and cut; not every API does that.

    Raises:
        ProviderFailedError: it answered with something other than a ranking.
        TriremeError: see `Upstreams.rerank`.

    """
    answer = await upstreams.rerank(provider, body)
    note_tokens(answer)
    try:
        results = list(answer["results"])
        scores = [each.relevance_score for each in msgspec.convert(results, list[_Result])]
    except (LookupError, TypeError, msgspec.ValidationError):
        raise ProviderFailedError(
            "The model's provider answered with something other than a ranking.", status=502
        ) from None
    return {"object": "list", **answer, "results": [results[at] for at, _ in ranked(scores, top_n)]}
