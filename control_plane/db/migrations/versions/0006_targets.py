"""GPUs that a version's TensorRT plans are built for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("version") as table:
        table.add_column(sa.Column("targets", sa.Text(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("version") as table:
        table.drop_column("targets")
