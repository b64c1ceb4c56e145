"""Where the accounts signed in from, so that they are let try from there whatever happens elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "came_from",
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("place", sa.String(64), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_came_from_account_id"),
        sa.PrimaryKeyConstraint("account_id", "place", name="pk_came_from"),
    )


def downgrade() -> None:
    raise NotImplementedError("an older program does not read a newer state; restore a backup")
