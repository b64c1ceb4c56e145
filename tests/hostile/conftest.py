"""One tally for the whole run; its table is printed at the end."""

import pytest

from tests.support.hostility import Tally

TALLY = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLY] = Tally()


@pytest.fixture
def tally(pytestconfig: pytest.Config) -> Tally:
    """The counts behind what the suite promises: at the end there must be no leak."""
    return pytestconfig.stash[TALLY]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash[TALLY]
    if tally.attempts:
        terminalreporter.section("hostile")
        for line in tally.report():
            terminalreporter.line(line)
