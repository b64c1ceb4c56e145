"""Where the audit log is cut off: never too early, never over a fault, and never unsigned."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.storage.signing import SigningKey, verified
from signaling.audit.chain import AuditEvent, Fault, Head, Stored, Verifier, Wrong, chained
from signaling.audit.checkpoint import SINCE_MS, YEAR_MS, Damaged, SignedCut, Term, distrusted, over

KEY = SigningKey.of_seed(b"a" * 32)
NOW_MS = SINCE_MS + 30 * YEAR_MS
TERM = Term(10, NOW_MS, KEY.sign)
OLD_MS, YOUNG_MS = TERM.until_ms, TERM.until_ms + 1


def log_of(*times_ms: int) -> tuple[Stored, ...]:
    return chained(Head(), [AuditEvent(f"m{n}", at, "muted") for n, at in enumerate(times_ms)])


def genuine(data: bytes, signature: bytes) -> bool:
    return verified(KEY.public, data, signature)


@pytest.mark.parametrize(
    ("times_ms", "cut"),
    [
        ((), 0),
        ((YOUNG_MS, OLD_MS), 0),
        ((OLD_MS, OLD_MS, YOUNG_MS), 2),
        ((OLD_MS, YOUNG_MS, OLD_MS), 1),  # a clock went back: what follows a young entry is young
        ((OLD_MS, OLD_MS), 2),
        ((0, SINCE_MS - 1, YOUNG_MS), 0),  # a clock that began at 1970 makes nothing old
        ((0, OLD_MS, 0, YOUNG_MS), 2),
    ],
)
def test_only_what_is_older_than_its_years_is_cut_off(times_ms: tuple[int, ...], cut: int) -> None:
    checkpoint = over(log_of(*times_ms), Head(), TERM)
    assert (checkpoint.number if checkpoint else 0) == cut


@given(st.lists(st.sampled_from([0, OLD_MS - 1, OLD_MS, YOUNG_MS, NOW_MS]), max_size=8), st.data())
def test_what_is_left_goes_on_from_the_checkpoint(times_ms: list[int], data: st.DataObject) -> None:
    log = log_of(*times_ms)
    checkpoint = over(log, Head(), TERM)
    if checkpoint is None:
        return
    assert all(at <= OLD_MS for at in times_ms[: checkpoint.number])
    assert distrusted(checkpoint, genuine, NOW_MS) is None
    old = data.draw(st.sampled_from([stored.head for stored in log]))
    verifier = Verifier([old, log[-1].head], checkpoint.hash, checkpoint.head)
    assert verifier.begin() is None
    assert [verifier.take(stored) for stored in log[checkpoint.number :]] == [None] * (
        len(log) - checkpoint.number
    )
    assert verifier.finish() is None


@pytest.mark.parametrize(
    "forge",
    [
        lambda one: replace(one, number=3),
        lambda one: replace(one, hash="0" * 64),
        lambda one: replace(one, newest_ms=1),
        lambda one: replace(one, cut_ms=1),
        lambda one: replace(one, years=9),
        lambda one: replace(one, signature="no"),
    ],
)
def test_each_field_of_a_checkpoint_is_signed(forge: Callable[[SignedCut], SignedCut]) -> None:
    checkpoint = over(log_of(OLD_MS, OLD_MS, YOUNG_MS), Head(), TERM)
    assert checkpoint is not None
    forged = forge(checkpoint)
    assert distrusted(forged, genuine, NOW_MS) == Fault(forged.number, Wrong.FORGED_CUT)


@pytest.mark.parametrize("now_ms", [NOW_MS, NOW_MS + 100 * YEAR_MS])
def test_a_signed_cut_before_its_years_are_over_is_found(now_ms: int) -> None:
    bare = SignedCut(2, "a" * 64, YOUNG_MS, NOW_MS, 10)
    signed = replace(bare, signature=KEY.sign(bare.signed).hex())
    assert distrusted(signed, genuine, now_ms) == Fault(2, Wrong.EARLY_CUT)


def test_a_cut_from_the_future_is_found() -> None:
    ahead = Term(10, NOW_MS + 50 * YEAR_MS, KEY.sign)
    checkpoint = over(log_of(NOW_MS), Head(), ahead)
    assert checkpoint is not None
    assert distrusted(checkpoint, genuine, NOW_MS) == Fault(1, Wrong.EARLY_CUT)


def test_a_damaged_log_is_not_cut_off() -> None:
    log = log_of(OLD_MS, OLD_MS, OLD_MS)
    for damaged in (
        (log[0], replace(log[1], hash="0" * 64)),
        (log[0], log[2]),
        (replace(log[0], document="{"), *log[1:]),
    ):
        with pytest.raises(Damaged):
            over(damaged, Head(), TERM)


def test_a_log_that_does_not_follow_its_checkpoint_is_found() -> None:
    log = log_of(OLD_MS, OLD_MS, YOUNG_MS, YOUNG_MS)
    begins = Head(2, log[1].hash)
    assert Verifier().take(log[2]) == Fault(3, Wrong.NO_CHECKPOINT)
    assert Verifier(begins=begins).take(log[3]) == Fault(3, Wrong.MISSING)
    assert Verifier(begins=begins).take(log[1]) == Fault(2, Wrong.UNLINKED)
    assert Verifier(begins=Head(2, "0" * 64)).take(log[2]) == Fault(3, Wrong.UNLINKED)
    assert Verifier([Head(2, "0" * 64)], begins=begins).begin() == Fault(2, Wrong.REWRITTEN)
