"""Recording: whose keys lock it, whether a meeting may be recorded, how long its recordings are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meeting", sa.Column("may_record", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("meeting", sa.Column("keep_days", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "recipient",
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("second", sa.Boolean(), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        sa.Column("removed_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_recipient"),
    )


def downgrade() -> None:
    raise NotImplementedError("an older program does not read a newer state; restore a backup")
