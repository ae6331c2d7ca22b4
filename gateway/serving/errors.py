"""Failures of serving itself, as opposed to failures of a model."""

from model_repository.errors import ServerUnavailableError, TriremeError


class OverloadedError(TriremeError):
    """The gateway has as much work as it may hold."""

    status = 503
    code = "overloaded"
    default_hint = "Try again shortly."
    retry_after = 1


class TokenizerUnavailableError(TriremeError):
    """The version's tokenizer could not be read from the repository yet."""

    status = 503
    code = "tokenizer_unavailable"
    default_hint = "The gateway keeps trying to load it."
    retry_after = 1


class InputTooLongError(TriremeError):
    """A text is longer than the gateway reads at a time."""

    status = 400
    code = "input_too_long"
    default_hint = "Send it in parts."


class TokenizerFailedError(TriremeError):
    """The model's own tokenizer fails with a text."""

    status = 502
    code = "tokenizer_failed"
    default_hint = "Send another text, or have the model's author correct tokenizer.json."


class UnconfinedError(TriremeError):
    """Processes cannot be confined on this host, so they are not let near what strangers wrote."""

    status = 503
    code = "unconfined"
    default_hint = "The operator asks `trireme doctor` what is missing."

    def __init__(self) -> None:
        super().__init__(
            "This host cannot confine processes, and documents and chat templates are not read without."
        )


class LabelsRequiredError(TriremeError):
    """The model knows no labels of its own and the request names none."""

    status = 400
    code = "labels_required"


class ImageRefusedError(TriremeError):
    """An image cannot be read."""

    status = 400
    code = "invalid_image"


class ImageTooLargeError(TriremeError):
    """An image has more bytes or pixels than the gateway takes."""

    status = 413
    code = "image_too_large"
    default_hint = "Scale it down."


class BuiltInModelError(TriremeError):
    """The name belongs to a built-in model, and only uploaded models do that."""

    status = 400
    code = "built_in_model"


class HistoryRefusedError(TriremeError):
    """The model reads one question at a time."""

    status = 400
    code = "history_refused"
    default_hint = "Leave the earlier questions and answers out, or use a model that generates."


class ModelUnavailableError(TriremeError):
    """Every provider of the model has failed lately and is left alone for a moment."""

    status = 503
    code = "model_unavailable"
    retry_after = 1


class ModelBusyError(TriremeError):
    """Every provider of the model kept beyond the limit of its quality of service."""

    status = 503
    code = "model_busy"
    retry_after = 10


class ProviderFailedError(TriremeError):
    """A provider did not answer, or said that it cannot now; another one may.

    Attributes:
        detail: what an upstream said, without its secrets: JSON, or the message.

    """

    status = 503
    code = "provider_failed"
    retry_after = 10

    def __init__(self, message: str, *, status: int = 503, detail: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.detail = message if detail is None else detail


class UpstreamRefusedError(TriremeError):
    """A provider refused the request, in its own words and with its own status.

    Attributes:
        detail: what it said, without its secrets: JSON, or the message.

    """

    status = 400
    code = "upstream_refused"

    def __init__(self, message: str, *, status: int, detail: object) -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail


class UnrepresentableError(TriremeError):
    """The request holds what the model's provider has no words for."""

    status = 422
    code = "unrepresentable"


class WrongModelTypeError(TriremeError):
    """The model does something else than the endpoint is for."""

    status = 422
    code = "wrong_model_type"


class SearchDisabledError(TriremeError):
    """There is nothing that a chat could search in."""

    status = 403
    code = "search_disabled"


class CollectionNotFoundError(TriremeError):
    """No collection of that id that the caller may read."""

    status = 404
    code = "collection_not_found"


PROVIDER_FAILURES = (ServerUnavailableError, ProviderFailedError)
"""After these the next provider is worth asking."""
