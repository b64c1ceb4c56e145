"""Databases of both kinds that the store works with."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from signaling.store import Store
from tests.support import postgres as clusters


@pytest.fixture(scope="session")
def postgres() -> Iterator[clusters.Cluster]:
    """One server for the whole run, because starting it takes longest."""
    if why := clusters.missing():
        pytest.skip(why)
    with clusters.running() as cluster:
        yield cluster


@pytest.fixture(params=("sqlite", "postgres"))
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new, empty database. Tests that use it run once on every kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'giaoban.db'}"
        return
    cluster = request.getfixturevalue("postgres")
    assert isinstance(cluster, clusters.Cluster)
    with cluster.database() as address:
        yield address


@pytest.fixture
async def store(database_address: str) -> AsyncIterator[Store]:
    """Opened and empty, on every kind of database."""
    opened = await Store.open(database_address)
    yield opened
    await opened.close()
