"""The figures of make bench-door come from what was sent and what arrived."""

import pytest

from tests.door.attack import find
from tests.door.bystander import Voice
from tests.door.rows import ROWS, Row
from tests.support.percentile import at


def test_a_packet_that_never_came_or_came_too_late_is_lost() -> None:
    voice = Voice(frozenset())
    voice.sent_s = {0: 10.0, 1: 10.02, 2: 10.04, 3: 10.06, 4: 99.0}
    voice.took_ms = {0: 1.0, 1: 5.0, 2: 60_000.0, 4: 1.0}
    assert voice.between_times(10.0, 20.0) == ([1.0, 5.0], 0.5)


def test_a_voice_that_was_never_sent_is_lost_altogether() -> None:
    assert Voice(frozenset()).between_times(0.0, 1.0) == ([], 1.0)


def test_percentiles_are_values_that_were_measured() -> None:
    assert (at(0.5, [3.0, 1.0, 2.0]), at(0.99, [3.0, 1.0, 2.0]), at(0.5, [])) == (2.0, 3.0, 0.0)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_row_names_an_attack_that_exists(row: Row) -> None:
    assert callable(find(row.attack))
