"""Logs of builds, and what a build needs of a worker."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "build_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("build_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["build_id"], ["build.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_build_log_build_id", "build_log", ["build_id"], unique=False)
    with op.batch_alter_table("build") as table:
        table.add_column(sa.Column("patient", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("version") as table:
        table.add_column(sa.Column("resources", sa.Text(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("version") as table:
        table.drop_column("resources")
    with op.batch_alter_table("build") as table:
        table.drop_column("not_before")
        table.drop_column("patient")
    op.drop_table("build_log")
