"""Errors of a bucket, translated from boto3's."""

from boto3.exceptions import RetriesExceededError, S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as BotoConnectionError

from model_repository.errors import (
    ObjectExistsError,
    ObjectNotFoundError,
    ObjectStoreError,
    ObjectStoreUnavailableError,
    TriremeError,
)

FAILURES = (BotoCoreError, ClientError, RetriesExceededError, S3UploadFailedError)
"""All that a call of boto3 raises when the bucket is to blame, or the way to it."""

_MISSING = {"NoSuchKey", "NotFound", "404"}
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412"}
_LATER = {"SlowDown", "RequestTimeout", "RequestTimeTooSkewed"}
_RIGHTS = "Check the keys, and that they may list the bucket, read, write and delete its objects."


def translated(error: Exception, bucket: str, key: str) -> TriremeError:
    """The same failure as an error of ours; its message holds neither keys nor signatures."""
    if isinstance(error, S3UploadFailedError) and isinstance(error.__context__, ClientError):
        error = error.__context__
    if isinstance(error, ClientError):
        return _of_answer(error, bucket, key)
    if isinstance(error, HTTPClientError | BotoConnectionError | IncompleteReadError | RetriesExceededError):
        return ObjectStoreUnavailableError(f"the object store does not answer: {type(error).__name__}")
    return ObjectStoreError(f"the object store cannot be used: {error}", hint="Check the settings s3.*")


def _of_answer(error: ClientError, bucket: str, key: str) -> TriremeError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _MISSING:
        return ObjectNotFoundError(f"the bucket has no object {key}")
    if code in _TAKEN:
        return ObjectExistsError(f"the bucket has an object {key}")
    if code == "NoSuchBucket":
        return ObjectStoreError(f"there is no bucket {bucket}", hint="Make it, or correct s3.bucket.")
    if code in _LATER or status >= 500:
        return ObjectStoreUnavailableError(f"the object store is not well: {code or status}")
    if status in (401, 403):
        return ObjectStoreError(
            f"the object store refuses access to {bucket}: {code or status}", hint=_RIGHTS
        )
    return ObjectStoreError(f"the object store answered {code or status}")
