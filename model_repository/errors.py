"""The root of every error that Trireme raises on purpose.

One hierarchy, declared from the lowest floor up: a class owns its HTTP status, its stable code and its hint,
and an instance owns a message that is safe to show to the caller. Each public API renders that into its own
error body in one place (`gateway.errors`); the documented error responses come from the same classes.
"""

from collections.abc import Mapping
from typing import ClassVar


class TriremeError(Exception):
    """A failure with a cause that can be told.

    Attributes:
        status: HTTP status for a caller who meets it.
        code: stable, lower-case identifier for programs.
        message: one line that says what happened; never a secret, a path of the server or a stack trace.
        hint: one line that says what to do next, or an empty string.
        retry_after: seconds after which trying again makes sense, or None.

    """

    status: int = 500
    code: ClassVar[str] = "internal_error"
    default_hint: ClassVar[str] = ""
    retry_after: ClassVar[int | None] = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint

    @property
    def headers(self) -> Mapping[str, str]:
        """HTTP headers to send along."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


class RepositoryError(TriremeError):
    """The model repository cannot hold or give what was asked for."""

    code = "repository_error"


class EntryNotFoundError(RepositoryError):
    """No such entry, or no such file in it."""

    status = 404
    code = "entry_not_found"


class EntryExistsError(RepositoryError):
    """The entry has been published before; versions are immutable."""

    status = 409
    code = "entry_exists"
    default_hint = "Publish under the next version number."


class EntryDamagedError(RepositoryError):
    """The files of an entry are not, or no longer, what its manifest and digests say."""

    code = "entry_damaged"
    default_hint = "Convert the model again; the new version replaces this one."


class StorageFullError(RepositoryError):
    """There is no room for the entry."""

    status = 507
    code = "storage_full"
    default_hint = "Free disk space or remove versions that nobody needs, then retry."


class ObjectStoreError(RepositoryError):
    """The bucket cannot be used, and trying again will not help."""

    code = "object_store_error"


class ObjectNotFoundError(ObjectStoreError):
    """There is no such object."""

    status = 404
    code = "object_not_found"


class ObjectExistsError(ObjectStoreError):
    """There is such an object already."""

    status = 409
    code = "object_exists"


class ObjectStoreUnavailableError(TriremeError):
    """The bucket does not answer now."""

    status = 503
    code = "object_store_unavailable"
    default_hint = "Check that the service at s3.endpoint_url runs and can be reached; it is tried again."
    retry_after = 2


class ServerUnavailableError(TriremeError):
    """Triton does not answer, or not yet with the model that was asked for."""

    status = 503
    code = "inference_server_unavailable"
    default_hint = "The server is starting or restarting; try again shortly."
    retry_after = 1


class InferenceError(TriremeError):
    """Triton answered a request with an error of the model itself."""

    status = 502
    code = "inference_failed"


class UnfitInputError(InferenceError):
    """The engine says that the values of the input are at fault, such as an index beyond a table."""


class RefusedInputError(TriremeError):
    """The model does not take this input."""

    status = 400
    code = "invalid_input"
