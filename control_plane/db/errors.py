"""The error of a database that cannot be reached."""

from model_repository.errors import TriremeError


class DatabaseUnavailableError(TriremeError):
    """The database does not answer."""

    status = 503
    code = "database_unavailable"
    default_hint = "Models that are in service go on answering; try again shortly."
    retry_after = 1


class UnusableDatabaseError(DatabaseUnavailableError):
    """The database cannot be opened, as whoever has configured it is told."""

    default_hint = "Check database.url, and that its server runs or its disk can be written to."
