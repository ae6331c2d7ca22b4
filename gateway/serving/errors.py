"""Failures of serving itself, as opposed to failures of a model."""

from model_repository.errors import TriremeError


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
