"""One kill of each kind while a whole appliance records; `make crash-matrix` does two hundred."""

from pathlib import Path

import pytest

from tests.crash.matrix import Matrix, Target
from tests.support.appliance import running

pytestmark = [pytest.mark.record, pytest.mark.loopback, pytest.mark.timeout(180)]


async def test_a_kill_costs_less_than_two_seconds_and_leaves_nothing_in_the_clear(tmp_path: Path) -> None:
    async with running(tmp_path) as appliance, Matrix.begin(appliance, tmp_path) as matrix:
        for target in Target:
            kill = await matrix.kill(target, after_s=1.5)
            assert kill.lost_s <= 2.0, kill
            assert (kill.unreadable, kill.plaintext) == (0, 0), kill
        assert await matrix.in_the_clear(everything=True) == []
