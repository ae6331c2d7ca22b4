"""What can be wrong with a document."""

from model_repository.errors import TriremeError


class DocumentRefusedError(TriremeError):
    """A document cannot be had or read; the message says why."""

    status = 422
    code = "document_refused"


class DocumentTooLargeError(TriremeError):
    """A document has more bytes than the gateway takes."""

    status = 413
    code = "document_too_large"

    def __init__(self, most: int) -> None:
        super().__init__(f"File size limit exceeded (max: {most} bytes).")


class FeatureDisabledError(TriremeError):
    """The site has no model for it, or the caller may not use that."""

    status = 403
    code = "feature_disabled"

    def __init__(self) -> None:
        super().__init__("Feature not enabled, please contact an administrator.")
