"""What a database that cannot be used needs, in words for the person at the terminal."""

import re

from deploy.problem import NotNow, Problem, StateError
from signaling.store import HeldElsewhere, StateIsNewer, StorageUnavailable

_Words = tuple[tuple[str, bool, str], ...]
"""A pattern of the driver's text, whether that may pass by itself, and the remedy."""
_SQLITE: _Words = (
    ("disk is full|no space left|quota", True, "Free space on the disk of {file}."),
    (
        "readonly|read-only|unable to open|permission denied",
        True,
        "May this user write to {file}, its folder and the files beside it? Is the disk mounted read-only?",
    ),
    ("malformed|not a database|corrupt", False, "Move {file} away and restore it from a backup."),
    ("locked|busy|in time", True, "Another program holds {file} (a backup, sqlite3): end it."),
    ("disk i/o", True, "The disk of {file} fails: look at dmesg, and save a copy."),
)
_SERVER: _Words = (
    ("authentication|password|role .* does not exist|no pg_hba", False, "Correct user and password in it."),
    ("database .* does not exist", False, "Create that database, or correct its name."),
    ("permission denied|must be owner", False, "Give this user the right to create tables there."),
    ("disk is full|no space left", True, "Free space on the database server."),
    ("locked|lock timeout|in time", True, "Is the server overloaded, or does somebody hold its tables?"),
    (
        "refused|timeout|timed out|translate host|name or service|no route|unreachable|closed|starting up",
        True,
        "Does the database server run, and does this machine reach it? As a service this is tried again.",
    ),
)
_FORM = "postgresql+psycopg://USER:PASSWORD@HOST/NAME"
_DRIVER = re.compile(r"No module named '([\w.]+)'")


def storage_problem(database_url: str, error: StorageUnavailable) -> Problem:
    """One that may pass by itself is a NotNow. A URL may hold a password, so it is never repeated."""
    text = str(error)
    driver = _DRIVER.search(text)
    if driver is not None:
        return StateError(
            f"the database cannot be used: its driver {driver[1]} is not installed",
            f"For PostgreSQL: pip install 'psycopg[binary]', and write the setting `database` like {_FORM}.",
        )
    if "parse" in text or "load plugin" in text:
        return StateError(
            "the setting `database` is no address of a database",
            f"Write it like {_FORM}, or leave it out for SQLite.",
        )
    at_home = database_url.startswith("sqlite")
    file = database_url.removeprefix("sqlite:///")
    for pattern, passes, remedy in _SQLITE if at_home else _SERVER:
        if re.search(pattern, text, re.IGNORECASE):
            kind = NotNow if passes else StateError
            return kind(f"the database cannot be used: {text}", remedy.format(file=file))
    place = file if at_home else "the database server"
    return NotNow(f"the database cannot be used: {text}", f"Look at {place}; the log may say more.")


def held_problem(error: HeldElsewhere) -> StateError:
    return StateError(
        f"another appliance serves this database: {error}", "Stop that one first, or use another database."
    )


def newer_problem(error: StateIsNewer) -> StateError:
    return StateError(
        f"the database belongs to a newer giaoban: {error}",
        "Install that newer version, or use another state directory with --state.",
    )
