"""Wires the services behind the administrative routes."""

from dataclasses import dataclass, fields
from typing import Self

from litestar.di import Provide

from control_plane.accounts.login import LoginService
from control_plane.accounts.passwords import Passwords
from control_plane.accounts.tokens import TokenService
from control_plane.accounts.users import UserService
from control_plane.audit.service import AuditService
from control_plane.db.engine import Database
from control_plane.organizations.service import OrganizationService
from control_plane.roles.service import RoleService
from control_plane.settings import AccountSettings
from gateway.dependencies import provided
from gateway.throttle import LoginThrottle


@dataclass(frozen=True)
class Identity:
    """Each field is a dependency of that name."""

    organizations: OrganizationService
    roles: RoleService
    users: UserService
    tokens: TokenService
    logins: LoginService
    audit: AuditService
    passwords: Passwords
    login_throttle: LoginThrottle

    @classmethod
    def of(cls, database: Database, settings: AccountSettings) -> Self:
        """Services on a database."""
        passwords = Passwords()
        return cls(
            organizations=OrganizationService(database),
            roles=RoleService(database),
            users=UserService(database, passwords),
            tokens=TokenService(database, max_days=settings.key_max_days),
            logins=LoginService(database, passwords, session_seconds=settings.session_seconds),
            audit=AuditService(database),
            passwords=passwords,
            login_throttle=LoginThrottle(
                per_email=settings.logins_per_email, per_address=settings.logins_per_address
            ),
        )

    def dependencies(self) -> dict[str, Provide]:
        """Providers for Litestar."""
        return provided({field.name: getattr(self, field.name) for field in fields(self)})

    def close(self) -> None:
        """End the threads."""
        self.passwords.close()
