"""`/upload-url`, and the addresses that it gives out."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, MediaType, Request, Response, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from control_plane.catalog import Key
from control_plane.db.errors import DatabaseUnavailableError
from control_plane.uploads.errors import (
    BuiltInNameError,
    NoZipError,
    TooManyUploadsError,
    UploadForbiddenError,
    UploadInProgressError,
    UploadTooLargeError,
)
from control_plane.uploads.service import UploadService
from gateway.addresses import PublicAddress
from gateway.apis.backprop.errors import ErrorBody
from gateway.auth import ForbiddenError, StartingError
from gateway.body import BadRequestError, BodyTooLargeError, StrictJSON
from gateway.errors import documented
from gateway.openapi import request_body
from gateway.serving.errors import OverloadedError
from gateway.serving.snapshots import Snapshots
from gateway.uploads import UploadAbortedError, UploadReceiver
from model_repository.errors import StorageFullError

NAME_RULE = "a string of 3 to 100 lower-case letters, digits, `-` and `_`"


URL_FAILURES = (
    BadRequestError,
    BuiltInNameError,
    ForbiddenError,
    BodyTooLargeError,
    TooManyUploadsError,
    StartingError,
    DatabaseUnavailableError,
)
ADDRESS = ResponseSpec(str, description="The address, absolute.", generate_examples=False)


class UploadBody(msgspec.Struct, frozen=True):
    """What to call the model."""

    model_name: Annotated[
        str, Meta(min_length=3, max_length=100, pattern="^[a-z0-9_-]+$", description=NAME_RULE)
    ]


class UploadUrlController(Controller):
    """Where uploads begin."""

    tags = ("models",)

    @post(
        "/upload-url",
        status_code=200,
        dto=StrictJSON[UploadBody],
        return_dto=None,
        operation_id="upload_url",
        summary="Get a URL to upload a model to",
        responses={200: ADDRESS, **documented(ErrorBody, *URL_FAILURES)},
    )
    async def issue(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[UploadBody, request_body("Name", a_model={"model_name": "my-model"})],
        upload_service: NamedDependency[UploadService],
        snapshots: NamedDependency[Snapshots],
        address: NamedDependency[PublicAddress],
    ) -> Response[bytes]:
        """Get an address that takes one PUT of a zip file within an hour, without a key.

        The same name again uploads a new version; the old one serves until the new one is proven.
        """
        if snapshots.current.is_built_in(data.model_name):
            raise BuiltInNameError(f"`model_name`: {data.model_name} is the name of a built-in model")
        url = await upload_service.issue(request.auth.account_id, data.model_name, address.of(request))
        return Response(msgspec.json.encode(url), media_type=MediaType.JSON)


class UploadController(Controller):
    """Where uploads go when no object store takes them; the address itself is the permission."""

    tags = ("models",)

    @put(
        "/uploads/{upload:str}",
        status_code=200,
        operation_id="upload",
        summary="Upload a zip to an address from `/upload-url`",
        responses=documented(
            ErrorBody,
            NoZipError,
            UploadForbiddenError,
            UploadAbortedError,
            UploadInProgressError,
            UploadTooLargeError,
            OverloadedError,
            DatabaseUnavailableError,
            StorageFullError,
        ),
    )
    async def take(
        self,
        request: Request[Any, Any, Any],
        receiver: NamedDependency[UploadReceiver],
        upload: FromPath[str],
        token: FromQuery[str] = "",
    ) -> None:
        """Take the bytes of a zip as they are. Its build begins when the last one has come."""
        await receiver.take(upload, token, request.content_length, request.receive)
