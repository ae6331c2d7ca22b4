"""`/v1/rerank`."""

from typing import Any

from litestar import Controller, Request, Response
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.catalog import Key, Provider
from gateway.apis.opengatellm.inference.refusals import answering, respond
from gateway.apis.opengatellm.inference.route import answering_route
from gateway.apis.opengatellm.schemas.answers import completed
from gateway.apis.opengatellm.schemas.rerank import RankedDocument, Ranking, RerankBody
from gateway.granted import GrantedJSON
from gateway.serving.inference.inference import Answered, Inference, Job
from gateway.serving.inference.ranking import ranked, reranked_elsewhere
from gateway.serving.providers.adapter import Operation
from gateway.serving.providers.upstreams import Upstreams
from gateway.serving.tasks.rerank import RerankTask

ANSWERS = answering(Ranking, "The documents with their scores, the best first.")


class RerankController(Controller):
    """Documents by how well they answer a query."""

    path = "/rerank"
    tags = ("inference",)

    @answering_route(
        name="rerank", summary="Rank documents by a query", body=GrantedJSON[RerankBody], responses=ANSWERS
    )
    async def rank(
        self,
        request: Request[Key, Key, Any],
        inference: NamedDependency[Inference],
        rerank: NamedDependency[RerankTask],
        upstreams: NamedDependency[Upstreams],
        data: JSONBody[RerankBody],
    ) -> Response[bytes]:
        """Rank documents by how well they answer a query.

        The model reads each document together with the query; what it cannot hold of the two is cut from
        whichever is longer.
        """

        async def here(provider: Provider) -> list[float] | dict[str, Any]:
            return await rerank.run(provider, data.query, data.documents)

        async def elsewhere(provider: Provider) -> list[float] | dict[str, Any]:
            return await reranked_elsewhere(upstreams, provider, data.model_dump(), data.top_n)

        job = Job(
            operation=Operation.RERANK,
            model=data.model,
            texts=(data.query, *data.documents),
            here=here,
            elsewhere=elsewhere,
        )
        answered = await inference.run(request.auth, job)
        answer = answered.value
        if isinstance(answer, list):
            results = [RankedDocument(score, index) for index, score in ranked(answer, data.top_n)]
            answer = {"object": "list", "results": results}
        return respond(completed(Answered(answer, answered.provider, answered.usage), data.model))
