"""Which limits hold for a caller and a router."""

from collections.abc import Mapping

from control_plane.catalog import Key, LimitType, ModelNotFoundError, Router
from gateway.serving.metering.errors import ModelForbiddenError

Limits = Mapping[LimitType, int | None]
"""Requests or prompt tokens by type; None is unlimited."""

UNLIMITED: Limits = {}


def limits_for(caller: Key, router: Router) -> Limits:
    """Limits of the caller's role for a router.

    The root key, accounts without a role and the owner of a model to which no role has been given a limit
    are not limited.

    Raises:
        ModelNotFoundError: the role has no limit for the router, or only limits of 0.
        ModelForbiddenError: it has some, and not all four.

    """
    role = caller.principal.role
    if caller.is_root or role is None:
        return UNLIMITED
    limits = role.limits.get(router.id, UNLIMITED)
    granted = sum(value != 0 for value in limits.values())
    if granted == len(LimitType):
        return limits
    if router.owner_id == caller.account_id and not limits:
        return UNLIMITED
    if granted:
        raise ModelForbiddenError("Insufficient permissions to access the model.")
    raise ModelNotFoundError(f"model {router.name} not found")
