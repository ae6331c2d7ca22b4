"""Why a sandbox cannot be made, or was ended."""

from model_repository.errors import TriremeError


class SandboxUnavailableError(TriremeError):
    """This machine cannot isolate code of a model's author, so it does not run it."""

    code = "sandbox_unavailable"
    default_hint = "`trireme doctor` checks this machine."


class SandboxEndedError(TriremeError):
    """The code of a model's author did what it may not, or ended."""

    status = 502
    code = "sandbox_ended"
