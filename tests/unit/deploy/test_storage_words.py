"""A database that cannot be used: the words fit the cause, and whether a service should try again."""

import pytest

from deploy.run.storage_words import storage_problem
from signaling.store import StorageUnavailable

SQLITE = "sqlite:////var/lib/giaoban/giaoban.sqlite3"
SERVER = "postgresql+psycopg://giaoban:hunter2@db.local/giaoban"
AGAIN, NOT_AGAIN = 1, 2
"""Exit codes: deploy/giaoban.service is not started again after 2."""


@pytest.mark.parametrize(
    ("url", "text", "remedy", "code"),
    [
        (SERVER, "No module named 'psycopg'", "pip install 'psycopg[binary]'", NOT_AGAIN),
        (SERVER, "No module named 'psycopg2'", "postgresql+psycopg://", NOT_AGAIN),
        ("nonsense", "Could not parse SQLAlchemy URL from given URL string", "Write it like", NOT_AGAIN),
        ("mongo://x", "Can't load plugin: sqlalchemy.dialects:mongo", "Write it like", NOT_AGAIN),
        (SERVER, 'FATAL:  password authentication failed for user "giaoban"', "password", NOT_AGAIN),
        (SERVER, 'FATAL:  database "giaoban" does not exist', "Create that database", NOT_AGAIN),
        (SERVER, "connection failed: Connection refused", "database server run", AGAIN),
        (SERVER, "failed to resolve host 'db': Name or service not known", "database server run", AGAIN),
        (SERVER, "FATAL:  the database system is starting up", "database server run", AGAIN),
        (SQLITE, "database or disk is full", "Free space on the disk of /var/lib/giaoban", AGAIN),
        (SQLITE, "attempt to write a readonly database", "mounted read-only", AGAIN),
        (SQLITE, "unable to open database file", "May this user write to /var/lib/giaoban", AGAIN),
        (SQLITE, "database disk image is malformed", "restore it from a backup", NOT_AGAIN),
        (SQLITE, "file is not a database", "restore it from a backup", NOT_AGAIN),
        (SQLITE, "database is locked", "Another program holds", AGAIN),
        (SQLITE, "disk I/O error", "dmesg", AGAIN),
        (SQLITE, "something nobody has seen before", "Look at /var/lib/giaoban", AGAIN),
    ],
)
def test_each_cause_has_its_remedy(url: str, text: str, remedy: str, code: int) -> None:
    problem = storage_problem(url, StorageUnavailable(text))
    assert remedy in problem.remedy
    assert problem.exit_code == code
    assert "hunter2" not in problem.text + problem.remedy
