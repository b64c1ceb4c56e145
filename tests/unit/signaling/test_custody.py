"""Which recordings are due for deletion."""

from dataclasses import replace

import pytest

from recorder import RecordingId
from recorder.shelf import ShelvedRecording
from signaling.custody.custody import DAY_MS, delete_ms, due

pytestmark = pytest.mark.record

NOW_MS = 1_790_000_000_000
ID = RecordingId("20261122-080000-giao-ban-0001")
KEPT = ShelvedRecording(
    id=ID,
    meeting="giao-ban",
    title="Giao ban",
    begun_ms=NOW_MS - 8 * DAY_MS,
    ended_ms=NOW_MS - 7 * DAY_MS,
    size_bytes=1,
    segments=1,
    keys=(),
    finished=True,
    last_ms=NOW_MS - 7 * DAY_MS,
)


def test_a_recording_is_kept_to_the_last_millisecond_of_its_days() -> None:
    assert due([KEPT], {"giao-ban": 7}, (), NOW_MS) == (KEPT,)
    assert due([KEPT], {"giao-ban": 7}, (), NOW_MS - 1) == ()
    assert due([KEPT], {"giao-ban": 8}, (), NOW_MS) == ()
    assert delete_ms(KEPT, 7) == NOW_MS


@pytest.mark.parametrize("rules", [{}, {"giao-ban": 0}, {"hop-kin": 1}])
def test_without_a_rule_it_is_kept_for_ever(rules: dict[str, int]) -> None:
    assert due([KEPT], rules, (), NOW_MS + 100_000 * DAY_MS) == ()
    assert delete_ms(KEPT, rules.get("giao-ban", 0)) == 0


def test_a_recording_in_progress_is_never_due() -> None:
    assert due([KEPT], {"giao-ban": 1}, {ID}, NOW_MS) == ()


def test_a_recording_that_was_broken_off_is_due_like_any_other() -> None:
    broken_off = replace(KEPT, finished=False, ended_ms=0)
    assert due([broken_off], {"giao-ban": 7}, (), NOW_MS) == (broken_off,)
