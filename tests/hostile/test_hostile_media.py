"""Whatever a hostile bridge point sends, nothing from behind a shut gate reaches anybody."""

import pytest

from sfu import Source
from tests.support.hostile_attacks import ATTACKS
from tests.support.hostile_battle import Battle, Sabotage
from tests.support.hostility import Tally

pytestmark = [pytest.mark.hostile, pytest.mark.timeout(300)]  # the kernel may have to be compiled first
ATTEMPTS, SEEDS = 1500, range(8)
assert ATTEMPTS * len(SEEDS) >= 10_000


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_sent_behind_a_shut_gate_reaches_anybody(seed: int, tally: Tally) -> None:
    battle = Battle(seed, ours := Tally(), clinging=seed % 2 == 1)
    battle.fight(ATTEMPTS, ATTACKS)
    tally.add(ours)
    assert ours.leaks == []
    assert battle.world.fastpath.counters.faults == 0
    for witness in battle.witnesses:
        assert all(witness.heard[source] > 100 for source in Source), "the open gates were really open"


@pytest.mark.record
def test_the_suite_has_a_recorder_that_would_notice() -> None:
    battle = Battle(2, ours := Tally(), sabotage=Sabotage.DEAF)
    battle.fight(400, ATTACKS)
    assert any("the tap got" in what for _, what in ours.leaks)


@pytest.mark.parametrize(
    ("sabotage", "way"),
    [
        (Sabotage.DEAF, "went on, level header true"),
        (Sabotage.ROWS_OPEN, "went on, level header forged"),
        (Sabotage.ANY_CODEC, "on another line"),
        (Sabotage.FORGETFUL, "to be repaired later"),
        (Sabotage.FORGETFUL, "to be repeated later"),
    ],
)
def test_the_suite_notices_a_gate_that_does_not_hold(sabotage: Sabotage, way: str) -> None:
    battle = Battle(1, ours := Tally(), clinging=True, sabotage=sabotage)
    battle.fight(800, ATTACKS)
    assert sum(kind == way for kind, _ in ours.leaks) > 3
