"""What a supervised process sets up for itself."""

import resource
from collections.abc import Iterator

import pytest

from deploy.child import raise_file_limit


@pytest.fixture
def few_files() -> Iterator[int]:
    """The soft limit of open files is low. Gives the hard one."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_process_may_open_as_many_files_as_the_system_allows_it(few_files: int) -> None:
    raise_file_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (few_files, few_files)
