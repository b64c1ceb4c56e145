"""The audit log may be cut off up to a checkpoint."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_REFUSED = "the audit log is append-only"
_CUT = "(SELECT coalesce(max(number), 0) FROM audit_checkpoint)"
_UNFIT = (
    # Below the newest entry, with the hash of the entry that it names.
    "NEW.number >= (SELECT coalesce(max(number), 0) FROM audit)"
    " OR NOT EXISTS (SELECT 1 FROM audit WHERE number = NEW.number AND hash = NEW.hash)"
)
_RAISE = f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
_SQLITE = (
    "DROP TRIGGER audit_no_delete",
    f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN OLD.number > {_CUT} {_RAISE}",
    f"CREATE TRIGGER audit_checkpoint_no_update BEFORE UPDATE ON audit_checkpoint {_RAISE}",
    f"CREATE TRIGGER audit_checkpoint_no_delete BEFORE DELETE ON audit_checkpoint {_RAISE}",
    f"CREATE TRIGGER audit_checkpoint_fits BEFORE INSERT ON audit_checkpoint WHEN {_UNFIT} {_RAISE}",
)
_EXCEPTION = f"RAISE EXCEPTION '{_REFUSED}' USING ERRCODE = 'integrity_constraint_violation';"
_POSTGRESQL = (
    "DROP TRIGGER audit_no_change ON audit",
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refused()",
    "CREATE FUNCTION audit_only_cut() RETURNS trigger LANGUAGE plpgsql AS"
    f" $$ BEGIN IF OLD.number > {_CUT} THEN {_EXCEPTION} END IF; RETURN OLD; END $$",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_only_cut()",
    "CREATE TRIGGER audit_checkpoint_no_change BEFORE UPDATE OR DELETE ON audit_checkpoint"
    " FOR EACH ROW EXECUTE FUNCTION audit_refused()",
    "CREATE TRIGGER audit_checkpoint_no_truncate BEFORE TRUNCATE ON audit_checkpoint"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_refused()",
    "CREATE FUNCTION audit_checkpoint_fits() RETURNS trigger LANGUAGE plpgsql AS"
    f" $$ BEGIN IF {_UNFIT} THEN {_EXCEPTION} END IF; RETURN NEW; END $$",
    "CREATE TRIGGER audit_checkpoint_fits BEFORE INSERT ON audit_checkpoint"
    " FOR EACH ROW EXECUTE FUNCTION audit_checkpoint_fits()",
)
_ONLY_CUT = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}


def upgrade() -> None:
    op.create_table(
        "audit_checkpoint",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("newest_ms", sa.BigInteger(), nullable=False),
        sa.Column("cut_ms", sa.BigInteger(), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_checkpoint"),
    )
    for statement in _ONLY_CUT[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))


def downgrade() -> None:
    raise NotImplementedError("an older program does not read a newer state; restore a backup")
