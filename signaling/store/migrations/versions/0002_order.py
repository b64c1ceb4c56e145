"""What the chair decides: schedule and composition of a meeting, the record of a run, the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meeting", sa.Column("starts_ms", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("meeting", sa.Column("opens_before_s", sa.Integer(), nullable=False, server_default="1800"))
    op.add_column("seat", sa.Column("banned", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("seat", sa.Column("acting", sa.String(20), nullable=True))
    op.add_column("seat", sa.Column("may_leave", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("seat", sa.Column("talk", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("seat", sa.Column("listens_until_ms", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "composition",
        sa.Column("meeting_id", sa.String(64), nullable=False),
        sa.Column("unit_id", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name="fk_composition_meeting_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name="fk_composition_unit_id"),
        sa.PrimaryKeyConstraint("meeting_id", "unit_id", name="pk_composition"),
    )
    op.create_table(
        "run_record",
        sa.Column("meeting_id", sa.String(64), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name="fk_run_record_meeting_id"),
        sa.PrimaryKeyConstraint("meeting_id", "run", name="pk_run_record"),
    )
    _create_audit()


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("meeting", sa.String(64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        sa.UniqueConstraint("mark", name="uq_audit_mark"),
    )
    op.create_index("ix_audit_meeting", "audit", ["meeting", "number"])
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))


_REFUSED = "the audit log is append-only"
_SQLITE = (
    f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END",
    f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END",
    # INSERT OR REPLACE deletes without firing the trigger above, so a number that is not the next is refused.
    "CREATE TRIGGER audit_next_number BEFORE INSERT ON audit"  # noqa: S608 - the text is our own
    " WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM audit)"
    f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END",
)
_POSTGRESQL = (
    "CREATE FUNCTION audit_refused() RETURNS trigger LANGUAGE plpgsql AS"
    f" $$ BEGIN RAISE EXCEPTION '{_REFUSED}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit"
    " FOR EACH ROW EXECUTE FUNCTION audit_refused()",
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_refused()",
)
_APPEND_ONLY = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}


def downgrade() -> None:
    raise NotImplementedError("an older program does not read a newer state; restore a backup")
