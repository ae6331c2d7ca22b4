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


class OrganizationNotFoundError(TriremeError):
    """No organization of that id."""

    status = 404
    code = "organization_not_found"


class RoleNotFoundError(TriremeError):
    """No role of that id."""

    status = 404
    code = "role_not_found"


class RouterNotFoundError(TriremeError):
    """No router of that id."""

    status = 404
    code = "router_not_found"


class ProviderNotFoundError(TriremeError):
    """No provider of that id."""

    status = 404
    code = "provider_not_found"


class IncompatibleProviderError(TriremeError):
    """Providers of that kind cannot answer for routers of that type."""

    status = 400
    code = "incompatible_provider"


class InconsistentProviderError(TriremeError):
    """The provider's model takes or gives something else than those of the router's other providers."""

    status = 403
    code = "inconsistent_provider"


class UnreachableProviderError(TriremeError):
    """The provider does not answer, or not with the model."""

    status = 424
    code = "provider_unreachable"


class UserNotFoundError(TriremeError):
    """No account of that id or e-mail, or the root account, which is not a user."""

    status = 404
    code = "user_not_found"


class ReservedEmailError(TriremeError):
    """The e-mail stands for the root account."""

    status = 403
    code = "reserved_email"


class WrongPasswordError(TriremeError):
    """The password is not the account's."""

    status = 401
    code = "wrong_password"


class ExpiredAccountError(TriremeError):
    """The account's time is over."""

    status = 403
    code = "forbidden"


class TooManyLoginsError(TriremeError):
    """Too many attempts to log in, to one account or from one address."""

    status = 429
    code = "too_many_logins"
    retry_after = 60


class PasswordsBusyError(TriremeError):
    """Too many passwords are waiting to be hashed."""

    status = 503
    code = "passwords_busy"
    retry_after = 1


class KeyLifetimeError(TriremeError):
    """The key would live longer than this site allows."""

    status = 400
    code = "key_lifetime"


class BuildNotFoundError(TriremeError):
    """No build of that id."""

    status = 404
    code = "build_not_found"


class VersionNotFoundError(TriremeError):
    """The model has no version of that number."""

    status = 404
    code = "version_not_found"


class ReportNotFoundError(TriremeError):
    """The build has no report yet, or never came to making one."""

    status = 404
    code = "report_not_found"


class CatalogueError(TriremeError):
    """A catalogue of models cannot be read."""

    code = "catalogue_invalid"


class JobError(TriremeError):
    """The job engine cannot run a build."""

    status = 503
    code = "job_failed"


class MissingResourcesError(JobError):
    """No job worker offers what a build needs."""

    code = "resources_missing"


class JobLostError(JobError):
    """The job went down with its worker; the same build may be submitted again."""

    code = "job_lost"


class InsufficientBudgetError(TriremeError):
    """The model has a price, and nothing of the account's budget is left or unreserved."""

    status = 400
    code = "insufficient_budget"
