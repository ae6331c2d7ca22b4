"""Places of versions in the traffic, and what they do there."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ACTIVE = '{"place":"active"}'


def upgrade() -> None:
    op.create_table(
        "traffic_window",
        sa.Column("provider_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("gateway_id", sa.String(), nullable=False),
        sa.Column("began_at", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tally", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "gateway_id", "began_at"),
    )
    op.create_index("ix_traffic_window_began_at", "traffic_window", ["began_at"], unique=False)
    for table in ("build", "provider"):
        with op.batch_alter_table(table) as altered:
            altered.add_column(sa.Column("exposure", sa.Text(), nullable=False, server_default=ACTIVE))
    with op.batch_alter_table("version") as altered:
        altered.add_column(sa.Column("remark", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("version") as altered:
        altered.drop_column("remark")
    for table in ("build", "provider"):
        with op.batch_alter_table(table) as altered:
            altered.drop_column("exposure")
    op.drop_table("traffic_window")
