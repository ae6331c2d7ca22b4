"""Organizations, roles, users and the audit log; the root account becomes account 0."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("organization", "role"):
        op.create_table(
            name,
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column("name", sa.String(), nullable=False),
            sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
            sa.PrimaryKeyConstraint("id"),
            sa.UniqueConstraint("name"),
            sqlite_autoincrement=True,
        )
    op.create_table(
        "role_permission",
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("permission", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("role_id", "permission"),
    )
    op.create_table(
        "role_limit",
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("router_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["router_id"], ["router.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("role_id", "router_id", "type"),
    )
    op.create_index("ix_role_limit_router_id", "role_limit", ["router_id"], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("object_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entry_created_at", "audit_entry", ["created_at"], unique=False)
    _extend_account()
    _number_root()
    with op.batch_alter_table(
        "api_key", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ) as table:
        table.add_column(sa.Column("suffix", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("api_key", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("suffix", server_default=None)


def _extend_account() -> None:
    with op.batch_alter_table("account") as table:
        table.add_column(sa.Column("email", sa.String(), nullable=True))
        table.add_column(sa.Column("display_name", sa.String(), nullable=True))
        table.add_column(sa.Column("password_hash", sa.String(), nullable=True))
        table.add_column(sa.Column("organization_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("role_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("budget", sa.Float(), nullable=True))
        table.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("priority", sa.Integer(), nullable=True))
        table.add_column(sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
        table.create_unique_constraint("account_email_key", ["email"])
        table.create_foreign_key("account_organization_id_fkey", "organization", ["organization_id"], ["id"])
        table.create_foreign_key("account_role_id_fkey", "role", ["role_id"], ["id"])
    op.execute("UPDATE account SET priority = 0, updated_at = created_at")
    with op.batch_alter_table("account") as table:
        table.alter_column("priority", existing_type=sa.Integer(), nullable=False)
        table.alter_column("updated_at", existing_type=sa.DateTime(timezone=True), nullable=False)
    op.create_index("ix_account_organization_id", "account", ["organization_id"], unique=False)
    op.create_index("ix_account_role_id", "account", ["role_id"], unique=False)


def _number_root() -> None:
    """Give the root account the id that the API knows it by, and with it what it owns."""
    op.execute("UPDATE account SET name = 'root.' WHERE name = 'root'")
    op.execute(
        "INSERT INTO account (id, name, priority, created_at, updated_at) "
        "SELECT 0, 'root', 0, created_at, updated_at FROM account WHERE name = 'root.'"
    )
    former = "(SELECT id FROM account WHERE name = 'root.')"
    for table, column in (("api_key", "account_id"), ("model", "owner_id"), ("router", "owner_id")):
        op.execute(f"UPDATE {table} SET {column} = 0 WHERE {column} = {former}")  # noqa: S608  # names from above
    op.execute("DELETE FROM account WHERE name = 'root.'")


def downgrade() -> None:
    with op.batch_alter_table("api_key") as table:
        table.drop_column("suffix")
    op.drop_index("ix_account_role_id", "account")
    op.drop_index("ix_account_organization_id", "account")
    with op.batch_alter_table("account") as table:
        table.drop_constraint("account_role_id_fkey", type_="foreignkey")
        table.drop_constraint("account_organization_id_fkey", type_="foreignkey")
        table.drop_constraint("account_email_key", type_="unique")
        for column in (
            "deleted_at",
            "updated_at",
            "priority",
            "expires_at",
            "budget",
            "role_id",
            "organization_id",
            "password_hash",
            "display_name",
            "email",
        ):
            table.drop_column(column)
    for table_name in ("audit_entry", "role_limit", "role_permission", "role", "organization"):
        op.drop_table(table_name)
