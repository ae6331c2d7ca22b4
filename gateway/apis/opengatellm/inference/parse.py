"""`/v1/parse-beta`."""

from collections.abc import Sequence
from typing import Any

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from PIL import Image

from control_plane.catalog import Key, ModelNotFoundError, Provider
from gateway.apis.opengatellm.inference.refusals import answering, respond
from gateway.apis.opengatellm.schemas.parse import DocumentPage, ParsedDocument, ParseFields, total
from gateway.forms import FormReader, read_fields
from gateway.parameters import documented_by
from gateway.serving.documents.documents import is_pdf
from gateway.serving.documents.errors import DocumentRefusedError, FeatureDisabledError
from gateway.serving.documents.reading import PictureChoice
from gateway.serving.errors import UnconfinedError, WrongModelTypeError
from gateway.serving.inference.inference import Inference, Job
from gateway.serving.metering.errors import ModelForbiddenError
from gateway.serving.metering.usage import Usage
from gateway.serving.ocr.lines import Line
from gateway.serving.providers.adapter import Operation
from gateway.wiring.documents import Reading

ANSWERS = answering(
    ParsedDocument,
    "The document's pages as Markdown.",
    FeatureDisabledError,
    DocumentRefusedError,
    UnconfinedError,
)


class ParseController(Controller):
    """PDFs to Markdown."""

    path = "/parse-beta"
    tags = ("inference",)

    @post(
        status_code=200,
        operation_id="parse",
        summary="Parse a PDF",
        operation_class=documented_by(form=ParseFields),
        responses=ANSWERS,
        deprecated=True,
    )
    async def parse(
        self,
        request: Request[Key, Key, Any],
        forms: NamedDependency[FormReader],
        inference: NamedDependency[Inference],
        reading: NamedDependency[Reading],
    ) -> Response[bytes]:
        """Answer with the text of a PDF, page by page: its own, or read where it has none."""
        usages: list[Usage] = []

        async def read(image: Image.Image) -> Sequence[Line]:
            async def here(provider: Provider) -> list[Line]:
                return await reading.ocr.run(provider, image)

            async def elsewhere(_provider: Provider) -> list[Line]:
                raise FeatureDisabledError

            job = Job(operation=Operation.OCR, model=reading.model, texts=(), here=here, elsewhere=elsewhere)
            try:
                answered = await inference.run(request.auth, job)
            except (ModelNotFoundError, ModelForbiddenError, WrongModelTypeError):
                raise FeatureDisabledError from None
            usages.append(answered.usage)
            return answered.value

        async with forms.reading(request, max_file=reading.max_bytes) as form:
            fields, file = read_fields(ParseFields, form)
            data = file.read()
            if not is_pdf(data):
                raise DocumentRefusedError("File must be a pdf file.")
            pages = await reading.read(
                data, fields.chosen(), read, PictureChoice(content=True), text=not fields.force_ocr
            )
        return respond(
            ParsedDocument(data=[DocumentPage.of(file.name, page) for page in pages], usage=total(usages))
        )
