"""The tables. Types are portable; instants are Unix milliseconds; enums are stored as their values.

The migrations in `migrations/versions` create them; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

setting = Table(
    "setting",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", String(500), nullable=False),
)

unit = Table(
    "unit",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("short", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("rank", Integer, nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("login", String(64), nullable=False, unique=True),
    Column("password_hash", String(255)),
    Column("name", String(120), nullable=False),
    Column("role", String(20), nullable=False),
    Column("unit_id", String(64), ForeignKey("unit.id")),
    Column("simulated", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

login_session = Table(
    "login_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account_id", String(64), ForeignKey("account.id"), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Index("ix_login_session_account_id", "account_id"),
    Index("ix_login_session_expires_ms", "expires_ms"),
)

came_from = Table(
    "came_from",
    metadata,
    Column("account_id", String(64), ForeignKey("account.id"), primary_key=True),
    Column("place", String(64), primary_key=True),
    Column("last_ms", BigInteger, nullable=False),
)
"""The addresses that an account signed in from, the newest few; of IPv6 the network of one subscriber."""

meeting = Table(
    "meeting",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("code", String(64), nullable=False, unique=True),
    Column("title", String(200), nullable=False),
    Column("run", Integer, nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("starts_ms", BigInteger, nullable=False, server_default=text("0")),
    Column("opens_before_s", Integer, nullable=False, server_default=text("1800")),
    Column("may_record", Boolean, nullable=False, server_default=true()),
    Column("keep_days", Integer, nullable=False, server_default=text("0")),
)

recipient = Table(
    "recipient",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("second", Boolean, nullable=False),
    Column("added_ms", BigInteger, nullable=False),
    Column("removed_ms", BigInteger),
)
"""The keys that lock recordings: their public halves. Removed ones stay."""

composition = Table(
    "composition",
    metadata,
    Column("meeting_id", String(64), ForeignKey("meeting.id"), primary_key=True),
    Column("unit_id", String(64), ForeignKey("unit.id"), primary_key=True),
)

run_record = Table(
    "run_record",
    metadata,
    Column("meeting_id", String(64), ForeignKey("meeting.id"), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("document", Text, nullable=False),
)

seat = Table(
    "seat",
    metadata,
    Column("meeting_id", String(64), ForeignKey("meeting.id"), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("account_id", String(64), ForeignKey("account.id"), primary_key=True),
    Column("participant", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    Column("unit_id", String(64), ForeignKey("unit.id")),
    Column("name", String(120), nullable=False),
    Column("present", Integer),
    Column("total", Integer),
    Column("place", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("reason", String(500), nullable=False),
    Column("kicked", Boolean, nullable=False),
    Column("microphone_gate", Integer, nullable=False),
    Column("camera_gate", Integer, nullable=False),
    Column("screen_gate", Integer, nullable=False),
    Column("banned", Boolean, nullable=False, server_default=false()),
    Column("banned_until_ms", BigInteger, nullable=False, server_default=text("0")),
    Column("acting", String(20)),
    Column("may_leave", Boolean, nullable=False, server_default=false()),
    Column("talk", Text, nullable=False, server_default=text("'[]'")),
    Column("listens_until_ms", BigInteger, nullable=False, server_default=text("0")),
)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("mark", String(64), nullable=False, unique=True),
    Column("meeting", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_meeting", "meeting", "number"),
)
"""Append-only by database triggers (migrations 0002, 0006). `document` is what is hashed; `mark`
and `meeting` repeat two of its fields, for queries."""

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    Column("newest_ms", BigInteger, nullable=False),
    Column("cut_ms", BigInteger, nullable=False),
    Column("years", Integer, nullable=False),
    Column("signature", String(128), nullable=False),
)
"""Where the audit log was cut off. Rows are added only; up to the newest number entries may be deleted."""
