"""The supervisor lives for months beside the others: it imports only what it needs."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from signaling.store.migrate import newest_revision

pytestmark = pytest.mark.loopback

PROGRAM = Path(__file__).resolve().parents[2]
FOREIGN = ("numpy", "numba", "llvmlite", "av", "aiortc", "aiohttp", "sqlalchemy", "alembic", "argon2")


def imported(*modules: str) -> set[str]:
    """What a fresh interpreter has loaded after importing these."""
    code = f"import {', '.join(modules)}, sys; print(*sys.modules)"
    command = (sys.executable, "-c", code)
    done = subprocess.run(command, cwd=PROGRAM, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_supervisor_loads_no_plane_and_no_database() -> None:
    assert not imported("deploy.cli", "deploy.run.appliance", "deploy.run.logs") & set(FOREIGN)


def test_control_loads_what_changes_tables_only_when_it_has_to() -> None:
    assert "alembic" not in imported("signaling.control")


def test_the_newest_numbered_migration_is_the_one_that_alembic_ends_with() -> None:
    config = Config()
    config.set_main_option("script_location", str(PROGRAM / "signaling" / "store" / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [newest_revision()]
