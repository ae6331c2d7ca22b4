"""Why a name does not resolve to a model."""

from model_repository.errors import TriremeError


class ModelNotFoundError(TriremeError):
    """No model of that name that the caller may use."""

    status = 404
    code = "model_not_found"


class TaskNotSupportedError(TriremeError):
    """The model exists and does something else."""

    status = 400
    code = "task_not_supported"


class ModelNotReadyError(TriremeError):
    """The model exists and has no successful build yet."""

    status = 409
    code = "model_not_ready"
    retry_after = 5
