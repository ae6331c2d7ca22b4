"""`/v1/admin/audit`: who changed what."""

from litestar import Controller, get
from litestar.di import NamedDependency

from control_plane.audit.service import AuditService
from control_plane.catalog import Permission
from gateway.apis.opengatellm.errors import responses
from gateway.apis.opengatellm.schemas.audit import AuditBody, AuditList, AuditQuery
from gateway.bearer import InsufficientRightsError, permission_layer
from gateway.parameters import documented_by, query_of


class AuditController(Controller):
    """The audit log, which is only read here."""

    path = "/admin/audit"
    tags = ("admin",)
    middleware = (permission_layer(Permission.ADMIN),)
    dependencies = {"wanted": query_of(AuditQuery)}  # noqa: RUF012

    @get(
        operation_id="get_audit",
        summary="List administrative acts",
        operation_class=documented_by(query=AuditQuery),
        responses=responses(InsufficientRightsError),
    )
    async def get_many(
        self, audit: NamedDependency[AuditService], wanted: NamedDependency[AuditQuery]
    ) -> AuditList:
        """One page of the log, the newest first."""
        found = await audit.list(
            wanted.page(), kind=wanted.target, object_id=wanted.target_id, actor_id=wanted.actor
        )
        return AuditList(data=[AuditBody.of(record) for record in found])
