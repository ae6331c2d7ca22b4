"""`/v1/embeddings`."""

from typing import Any

from litestar import Controller, Request, Response
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.catalog import Key, Provider
from gateway.apis.opengatellm.inference.refusals import answering, respond
from gateway.apis.opengatellm.inference.route import answering_route
from gateway.apis.opengatellm.schemas.answers import completed
from gateway.apis.opengatellm.schemas.embeddings import EmbeddingList, EmbeddingsBody, LocalFields
from gateway.granted import GrantedJSON
from gateway.observability.timing import stage
from gateway.serving.inference.inference import Answered, Inference, Job
from gateway.serving.inference.vectors import embedded_elsewhere, written
from gateway.serving.providers.adapter import Operation
from gateway.serving.providers.upstreams import Upstreams
from gateway.serving.tasks.embedding import Embeddings, EmbeddingTask
from gateway.validation import validated
from model_repository.errors import RefusedInputError

ANSWERS = answering(EmbeddingList, "One vector an input, in their order.", RefusedInputError)


class EmbeddingsController(Controller):
    """Texts to vectors."""

    path = "/embeddings"
    tags = ("inference",)

    @answering_route(
        name="embeddings",
        summary="Turn texts into vectors",
        body=GrantedJSON[EmbeddingsBody],
        responses=ANSWERS,
    )
    async def embed(
        self,
        request: Request[Key, Key, Any],
        inference: NamedDependency[Inference],
        embedding: NamedDependency[EmbeddingTask],
        upstreams: NamedDependency[Upstreams],
        data: JSONBody[EmbeddingsBody],
    ) -> Response[bytes]:
        """Turn each text into a vector of fixed length, to be compared by cosine similarity.

        A text that is longer than the model takes is cut. Tokens are those of the model, and reach it as they
        are: special ones are not added, and too many of them are refused.
        """
        texts, rows = data.texts(), data.rows()

        async def here(provider: Provider) -> Embeddings | dict[str, Any]:
            beside = validated(LocalFields, data.model_extra, "body")
            dimensions = data.dimensions or beside.output_dimension
            if rows:
                return await embedding.run_tokens(provider, rows, dimensions=dimensions)
            return await embedding.run(provider, texts, dimensions=dimensions)

        async def elsewhere(provider: Provider) -> Embeddings | dict[str, Any]:
            return await embedded_elsewhere(upstreams, provider, data.model_dump())

        job = Job(
            operation=Operation.EMBEDDINGS,
            model=data.model,
            texts=texts,
            tokens=sum(map(len, rows)),
            here=here,
            elsewhere=elsewhere,
        )
        answered = await inference.run(request.auth, job)
        answer = answered.value
        with stage("encode"):
            if isinstance(answer, Embeddings):
                answer = {"object": "list", "data": written(answer.vectors, data.encoding_format)}
            return respond(completed(Answered(answer, answered.provider, answered.usage), data.model))
