"""`/v1/ocr`."""

from typing import Any

import msgspec
from litestar import Controller, Request, Response
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.catalog import Key, ModelNotFoundError, Provider
from gateway.apis.opengatellm.inference.refusals import answering, respond
from gateway.apis.opengatellm.inference.route import answering_route
from gateway.apis.opengatellm.schemas.answers import completed
from gateway.apis.opengatellm.schemas.ocr import OCRBody, OCRPage, OCRResponse, OCRUsageInfo
from gateway.granted import GrantedJSON
from gateway.serving.documents.documents import RemoteDocument
from gateway.serving.documents.errors import DocumentRefusedError, DocumentTooLargeError
from gateway.serving.errors import ImageRefusedError, UnconfinedError, UnrepresentableError
from gateway.serving.inference.inference import Inference, Job
from gateway.serving.providers.adapter import Operation
from gateway.serving.providers.upstreams import Upstreams
from gateway.wiring.documents import Reading

ANSWERS = answering(
    OCRResponse,
    "The document's pages as Markdown.",
    ImageRefusedError,
    DocumentTooLargeError,
    DocumentRefusedError,
    UnconfinedError,
)


class OCRController(Controller):
    """Documents."""

    path = "/ocr"
    tags = ("inference",)

    @answering_route(name="ocr", summary="Read a document", body=GrantedJSON[OCRBody], responses=ANSWERS)
    async def read(
        self,
        request: Request[Key, Key, Any],
        inference: NamedDependency[Inference],
        upstreams: NamedDependency[Upstreams],
        reading: NamedDependency[Reading],
        data: JSONBody[OCRBody],
    ) -> Response[bytes]:
        """Answer with the text of a PDF or an image, page by page."""
        if data.model is None:
            raise ModelNotFoundError("Model not found.")

        remote = RemoteDocument(reading.documents, data.document.url)

        async def here(provider: Provider) -> dict[str, Any]:
            if field := data.annotated():
                raise UnrepresentableError(f"`{field}` is not known to this model: it reads text alone.")
            document = await remote.content()
            pages = await reading.read_with(provider, document, data.chosen(), data.pictures())
            return {
                "document_annotation": None,
                "pages": msgspec.to_builtins(list(map(OCRPage.of, pages))),
                "usage_info": msgspec.to_builtins(OCRUsageInfo(len(pages), len(document))),
            }

        job = Job(
            operation=Operation.OCR,
            model=data.model,
            texts=(),
            here=here,
            elsewhere=lambda provider: upstreams.ocr(provider, data.forwarded()),
        )
        return respond(completed(await inference.run(request.auth, job), data.model))
