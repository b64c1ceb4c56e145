"""Bring a state directory to this program's version.

Alembic is imported only when there is something to do: a process that serves for months needs none of it.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, column, inspect, select, table

_FOLDER = Path(__file__).parent / "migrations"
_VERSION = table("alembic_version", column("version_num"))


class StateIsNewer(Exception):
    """The state was written by a newer version of this program; this one cannot read it."""


def upgrade(engine: Engine) -> None:
    """Create or upgrade the tables, all or nothing. Raises StateIsNewer; driver errors pass through."""
    with engine.execution_options(writes=True).begin() as connection:
        if _revision(connection) != newest_revision():
            upgrade_to(connection, "head")


def newest_revision() -> str:
    """Of this program: its migrations are numbered."""
    return max(path.name.split("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    """Of the state; None: it is new."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar()


def upgrade_to(connection: Connection, revision: str) -> None:
    """Upgrade to one revision, in the connection's transaction. Raises StateIsNewer."""
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

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
