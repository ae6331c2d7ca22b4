"""Objects that are made once and handed to handlers by the names of their parameters."""

from collections.abc import Mapping

from litestar.di import Provide


def provided(services: Mapping[str, object]) -> dict[str, Provide]:
    """Litestar's providers of objects that live as long as the application, by parameter name."""
    return {name: _constant(service) for name, service in services.items()}


def _constant(value: object) -> Provide:
    return Provide(lambda: value, use_cache=True, sync_to_thread=False)
