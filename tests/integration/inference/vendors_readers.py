"""What the vendors answer to documents."""

from typing import Any

from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.params import FromPath
from vendors_encoders import heard

PAGE = {"index": 0, "markdown": "# Read elsewhere", "images": [], "dimensions": None, "header": None}


@post("/{vendor:str}/v1/ocr", status_code=200)
async def ocr(vendor: FromPath[str], request: Request[Any, Any, Any], state: State) -> Response[Any]:
    body = await heard(vendor, request, state)
    if isinstance(body, Response):
        return body
    usage = {"pages_processed": 1, "doc_size_bytes": None}
    return Response(
        {"pages": [PAGE], "model": body["model"], "usage_info": usage, "document_annotation": "{}"}
    )


READERS = (ocr,)
