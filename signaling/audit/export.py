"""The audit log as files to take away: JSON lines, which can be verified again, and CSV for a
spreadsheet. Pure."""

import csv
import io
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from signaling.audit.chain import Stored, read


class Form(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


CONTENT_TYPE = {Form.JSONL: "application/jsonl", Form.CSV: "text/csv"}
_COLUMNS = ("number", "time_ms", "meeting", "run", "event", "actor", "login", "address", "fields", "words")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class AuditLine(msgspec.Struct, frozen=True):
    """One entry as it is exported: the document as it was hashed, and its hash."""

    entry: msgspec.Raw
    """As a string if it is damaged and no longer an entry."""
    hash: str


def line(stored: Stored) -> AuditLine:
    document = stored.document.encode()
    return AuditLine(
        msgspec.Raw(document if read(stored) else msgspec.json.encode(stored.document)), stored.hash
    )


def opening(form: Form) -> bytes:
    """What comes before the first entry. Excel reads a CSV file as UTF-8 only with a byte order mark."""
    return b"" if form is Form.JSONL else "\ufeff".encode() + _csv([_COLUMNS])


def exported(log: Iterable[Stored], form: Form) -> bytes:
    """These entries, one per line."""
    if form is Form.JSONL:
        return b"".join(msgspec.json.encode(line(stored)) + b"\n" for stored in log)
    return _csv(_cells(stored) for stored in log)


def _cells(stored: Stored) -> tuple[str | int, ...]:
    entry = read(stored)
    if entry is None:
        return (
            stored.number,
            "",
            stored.meeting,
            "",
            "unreadable",
            "",
            "",
            "",
            "",
            _harmless(stored.document),
        )
    return (
        entry.number,
        entry.unix_ms,
        entry.meeting,
        entry.run,
        entry.event,
        entry.actor,
        _harmless(entry.login),
        entry.address,
        _harmless(" ".join(f"{key}={value}" for key, value in entry.fields)),
        _harmless("; ".join(f"{key}: {words}" for key, words in entry.words)),
    )


def _harmless(text: str) -> str:
    """Keeps what people typed from being read as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(rows: Iterable[Iterable[str | int]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
