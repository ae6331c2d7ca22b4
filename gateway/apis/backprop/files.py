"""The three files of an uploaded model, as `/models/{model}` names their addresses."""

from typing import Any

from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import Stream

from control_plane.catalog import Key, ModelNotFoundError
from control_plane.db.errors import DatabaseUnavailableError
from control_plane.uploads.files import FileService
from gateway.apis.backprop.errors import ErrorBody
from gateway.auth import ForbiddenError, StartingError
from gateway.errors import documented

FILE = ResponseSpec(bytes, description="The file as it was uploaded.", generate_examples=False)


class FilesController(Controller):
    """Reading back what was uploaded."""

    tags = ("models",)

    @get(
        "/files/{account:str}/{model:str}/{file:str}",
        operation_id="get_file",
        summary="Read back a file of one of your models",
        media_type="application/octet-stream",
        responses={
            **documented(
                ErrorBody, ForbiddenError, StartingError, ModelNotFoundError, DatabaseUnavailableError
            ),
            200: FILE,
        },
    )
    async def read(
        self,
        request: Request[Key, Key, Any],
        file_service: NamedDependency[FileService],
        account: FromPath[str],
        model: FromPath[str],
        file: FromPath[str],
    ) -> Stream:
        """Read a file of the version that serves, or else of the newest."""
        found = await file_service.of(request.auth.account_id, model)
        if found is None or account != request.auth.account_name or file not in found.members:
            raise ModelNotFoundError(f"file {account}/{model}/{file} not found")
        return Stream(
            await file_service.read(found.upload, found.members[file]),
            media_type="application/octet-stream",
            headers={"content-disposition": f'attachment; filename="{file}"'},
        )
