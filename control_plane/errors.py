"""Errors of accounts, models and builds; those of the hot path stand in `control_plane.catalog`."""

from model_repository.errors import TriremeError


class InvalidRequestError(TriremeError):
    """A name, source or date that cannot be accepted."""

    status = 422
    code = "invalid_request"


class ConflictError(TriremeError):
    """The request contradicts the present state."""

    status = 409
    code = "conflict"


class AccountNotFoundError(TriremeError):
    """No account of that name."""

    status = 404
    code = "account_not_found"


class KeyNotFoundError(TriremeError):
    """No key of that id or prefix."""

    status = 404
    code = "key_not_found"


class BuildNotFoundError(TriremeError):
    """No build of that id."""

    status = 404
    code = "build_not_found"


class CatalogueError(TriremeError):
    """A catalogue of models cannot be read."""

    code = "catalogue_invalid"


class JobError(TriremeError):
    """The job engine cannot run a build."""

    status = 503
    code = "job_failed"


class JobLostError(JobError):
    """The job went down with its worker; the same build may be submitted again."""

    code = "job_lost"
