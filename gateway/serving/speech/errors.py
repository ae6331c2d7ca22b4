"""What may be wrong with a recording."""

from model_repository.errors import TriremeError


class RecordingRefusedError(TriremeError):
    """It cannot be read."""

    status = 422
    code = "invalid_recording"


class RecordingTooLongError(TriremeError):
    """It takes longer to hear than the gateway allows."""

    status = 413
    code = "recording_too_long"
    default_hint = "Send it in parts."


class LanguageRefusedError(TriremeError):
    """The model does not know the language."""

    status = 422
    code = "unknown_language"
