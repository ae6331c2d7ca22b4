"""Why an upload is not taken."""

from model_repository.errors import TriremeError


class UploadForbiddenError(TriremeError):
    """The URL has expired, has been used or was never given out; which of these is not told."""

    status = 403
    code = "upload_forbidden"
    default_hint = "Ask for a new one with POST /upload-url."

    def __init__(self) -> None:
        super().__init__("this upload URL is not valid, or no longer")


class UploadInProgressError(TriremeError):
    """Another request is sending to the same URL."""

    status = 409
    code = "upload_in_progress"
    default_hint = "Let it end, or ask for another URL."


class UploadTooLargeError(TriremeError):
    """The zip is larger than this server takes."""

    status = 413
    code = "upload_too_large"


class NoZipError(TriremeError):
    """What was sent is no zip."""

    status = 400
    code = "no_zip"
    default_hint = "Send the bytes of the zip as the body, as they are."


class BuiltInNameError(TriremeError):
    """The name belongs to a built-in model."""

    status = 400
    code = "built_in_name"
    default_hint = "Choose another name."


class TooManyUploadsError(TriremeError):
    """The account has too many upload URLs that have neither been used nor expired."""

    status = 429
    code = "too_many_uploads"
    retry_after = 60
    default_hint = "Use those that were given out, or wait until they have expired."


class UploadGoneError(TriremeError):
    """The upload has been removed since."""

    status = 404
    code = "upload_gone"
