"""What upstreams that write down speech do with the recordings they get."""

from typing import Any

from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.params import FromPath

HEARD = "A trireme has three rows of oars."


@post("/{vendor:str}/v1/audio/transcriptions", status_code=200)
async def transcriptions(
    vendor: FromPath[str], request: Request[Any, Any, Any], state: State
) -> Response[Any]:
    form = dict((await request.form()).items())
    file = form.pop("file")
    form["file"] = (file.filename, file.content_type, await file.read())
    await file.close()
    state.vendors.asked.append((request.headers.get("authorization", ""), form))
    if vendor in state.vendors.faults:
        status, answer = state.vendors.faults[vendor]
        return Response(answer, status_code=status, media_type="application/json")
    return Response({"text": HEARD, "vendor_extra": "kept"})
