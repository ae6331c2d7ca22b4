"""Why a call is not admitted."""

from collections.abc import Mapping

from model_repository.errors import TriremeError


class ModelForbiddenError(TriremeError):
    """The caller's role grants the model in part only: one of its four limits is missing or 0."""

    status = 403
    code = "model_forbidden"


class RateLimitedError(TriremeError):
    """The caller has used up a limit of its role.

    Attributes:
        limit: what the window holds.
        remaining: what is left in it.
        reset: seconds until there is more.

    """

    status = 429
    code = "rate_limited"
    default_hint = "Wait until the window has passed."

    def __init__(self, message: str, *, limit: int, remaining: int, reset: int) -> None:
        super().__init__(message)
        self.limit = limit
        self.remaining = remaining
        self.reset = reset

    @property
    def headers(self) -> Mapping[str, str]:
        """When to come back, and the state of the window."""
        return {
            "Retry-After": str(self.reset),
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class LimitsUnavailableError(TriremeError):
    """The store that counts calls does not answer, and nothing may pass uncounted."""

    status = 503
    code = "limits_unavailable"
    default_hint = "Try again shortly."
    retry_after = 1
