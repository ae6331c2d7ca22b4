"""Routers and providers made by hand, and one namespace of routers."""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

AUTOINCREMENT = {"sqlite_autoincrement": True}
STAMPS = ("created_at", "updated_at")
TYPES = (
    ("text-generation", ("text-generation", "summarisation", "emotion")),
    ("text-embeddings-inference", ("embedding", "image-embedding")),
    ("text-classification", ("text-classification", "token-classification", "question-answering")),
    ("image-to-text", ("image-classification",)),
)
"""Type of a router by the first of these groups that one of its tasks is in."""


def upgrade() -> None:
    _extend_router()
    _extend_provider()
    op.create_table(
        "router_name",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("router_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["router_id"], ["router.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("ix_router_name_router_id", "router_name", ["router_id"], unique=False)
    op.execute(
        "INSERT INTO router_name (name, router_id, position) "
        "SELECT name, MIN(id), 0 FROM router WHERE owner_id IS NULL GROUP BY name"
    )


def _extend_router() -> None:
    with op.batch_alter_table("router", recreate="auto", table_kwargs=AUTOINCREMENT) as table:
        table.add_column(sa.Column("creator_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("type", sa.String(length=32), nullable=True))
        table.add_column(
            sa.Column("load_balancing", sa.String(length=32), nullable=False, server_default="shuffle")
        )
        table.add_column(sa.Column("prompt_price", sa.Float(), nullable=False, server_default="0"))
        table.add_column(sa.Column("completion_price", sa.Float(), nullable=False, server_default="0"))
        for stamp in STAMPS:
            table.add_column(sa.Column(stamp, sa.DateTime(timezone=True), nullable=True))
        table.alter_column("model_id", existing_type=sa.Integer(), nullable=True)
        table.create_foreign_key("router_creator_id_fkey", "account", ["creator_id"], ["id"])
    for stamp in STAMPS:
        op.execute(
            f"UPDATE router SET {stamp} = "  # noqa: S608  # a name from above
            "(SELECT model.created_at FROM model WHERE model.id = router.model_id)"
        )
    for router_type, tasks in reversed(TYPES):
        for task in tasks:
            op.execute(
                f"UPDATE router SET type = '{router_type}' "  # noqa: S608  # names from above
                f"WHERE ',' || tasks || ',' LIKE '%,{task},%'"
            )
    with op.batch_alter_table("router", table_kwargs=AUTOINCREMENT) as table:
        _settle(table, ("load_balancing", "prompt_price", "completion_price"))


def _extend_provider() -> None:
    with op.batch_alter_table("provider", recreate="auto", table_kwargs=AUTOINCREMENT) as table:
        table.add_column(sa.Column("model_name", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("secret", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("creator_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("model_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("weight", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("timeout", sa.Integer(), nullable=False, server_default="300"))
        table.add_column(sa.Column("zone", sa.String(), nullable=False, server_default="WOR"))
        table.add_column(sa.Column("total_params", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("active_params", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("qos_metric", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("qos_limit", sa.Float(), nullable=True))
        table.add_column(sa.Column("max_context_length", sa.Integer(), nullable=True))
        table.add_column(sa.Column("vector_size", sa.Integer(), nullable=True))
        for stamp in STAMPS:
            table.add_column(sa.Column(stamp, sa.DateTime(timezone=True), nullable=True))
        table.alter_column("kind", existing_type=sa.String(), type_=sa.String(length=32))
        table.alter_column("version_id", existing_type=sa.Integer(), nullable=True)
        table.create_foreign_key("provider_creator_id_fkey", "account", ["creator_id"], ["id"])
        table.create_foreign_key("provider_model_id_fkey", "model", ["model_id"], ["id"])
    op.execute("UPDATE provider SET url = '' WHERE url IS NULL")
    op.execute(
        "UPDATE provider SET model_name = (SELECT name FROM router WHERE router.id = provider.router_id), "
        "created_at = (SELECT created_at FROM router WHERE router.id = provider.router_id), "
        "updated_at = (SELECT created_at FROM router WHERE router.id = provider.router_id)"
    )
    with op.batch_alter_table("provider", table_kwargs=AUTOINCREMENT) as table:
        table.alter_column("url", existing_type=sa.String(), nullable=False)
        _settle(table, ("model_name", "weight", "timeout", "zone", "total_params", "active_params"))
    op.create_index(
        "provider_by_hand",
        "provider",
        ["router_id", "url", "model_name"],
        unique=True,
        sqlite_where=sa.text("version_id IS NULL"),
        postgresql_where=sa.text("version_id IS NULL"),
    )


def _settle(table: BatchOperations, defaulted: tuple[str, ...]) -> None:
    """Make columns as the models have them, now that every row has a value."""
    for column in defaulted:
        table.alter_column(column, server_default=None)
    for stamp in STAMPS:
        table.alter_column(stamp, existing_type=sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    op.drop_table("router_name")
    op.execute("DELETE FROM provider WHERE version_id IS NULL")
    op.execute("DELETE FROM role_limit WHERE router_id IN (SELECT id FROM router WHERE model_id IS NULL)")
    op.execute("DELETE FROM router WHERE model_id IS NULL")
    op.drop_index("provider_by_hand", "provider")
    with op.batch_alter_table("provider") as table:
        table.drop_constraint("provider_model_id_fkey", type_="foreignkey")
        table.drop_constraint("provider_creator_id_fkey", type_="foreignkey")
        table.alter_column("version_id", existing_type=sa.Integer(), nullable=False)
        table.alter_column("url", existing_type=sa.String(), nullable=True)
        table.alter_column("kind", existing_type=sa.String(length=32), type_=sa.String())
        for column in (
            "updated_at",
            "created_at",
            "vector_size",
            "max_context_length",
            "qos_limit",
            "qos_metric",
            "active_params",
            "total_params",
            "zone",
            "timeout",
            "weight",
            "model_id",
            "creator_id",
            "secret",
            "model_name",
        ):
            table.drop_column(column)
    with op.batch_alter_table("router") as table:
        table.drop_constraint("router_creator_id_fkey", type_="foreignkey")
        table.alter_column("model_id", existing_type=sa.Integer(), nullable=False)
        for column in (
            "updated_at",
            "created_at",
            "completion_price",
            "prompt_price",
            "load_balancing",
            "type",
            "creator_id",
        ):
            table.drop_column(column)
