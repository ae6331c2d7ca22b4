"""All tables in one place: importing this module fills the metadata that migrations are compared with."""

from sqlmodel import SQLModel

from control_plane import gateways
from control_plane.accounts import tables as accounts
from control_plane.audit import tables as audit
from control_plane.builds import tables as builds
from control_plane.db import generation
from control_plane.deployments import tables as deployments
from control_plane.models import tables as models
from control_plane.organizations import tables as organizations
from control_plane.roles import tables as roles
from control_plane.routers import tables as routers
from control_plane.uploads import tables as uploads
from control_plane.usage import tables as usage

__all__ = [
    "accounts",
    "audit",
    "builds",
    "deployments",
    "gateways",
    "generation",
    "metadata",
    "models",
    "organizations",
    "roles",
    "routers",
    "uploads",
    "usage",
]

metadata = SQLModel.metadata
