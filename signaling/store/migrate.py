"""Bring a state directory to this program's version."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

_FOLDER = Path(__file__).parent / "migrations"


class StateIsNewer(Exception):
    """The state was written by a newer version of this program; this one cannot read it."""


def upgrade(engine: Engine) -> None:
    """Create or upgrade the tables, all or nothing. Raises StateIsNewer; driver errors pass through."""
    with engine.execution_options(writes=True).begin() as connection:
        upgrade_to(connection, "head")


def upgrade_to(connection: Connection, revision: str) -> None:
    """Upgrade to one revision, in the connection's transaction. Raises StateIsNewer."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    current = set(MigrationContext.configure(connection).get_current_heads())
    unknown = current - known
    if unknown:
        raise StateIsNewer(f"the state is of version {', '.join(sorted(unknown))}, unknown to this program")
    command.upgrade(config, revision)
