"""Time that no setting of the wall clock moves: for sign-ins, and to delete recordings by. Pure.

A Mark is stored once a minute. In one run of the machine its own clock tells exactly how much time has
passed since, also over restarts of the program. While the machine was off only the wall clock tells, and what
it told wrongly is taken back when it is set.
"""

from typing import NamedTuple

import msgspec

from signaling.model.certificate import DAY_MS

MIN_STEP_MS = 2_000
"""A smaller difference is a clock that is being adjusted slowly, as it should be."""
MAX_BELIEVED_OFF_MS = 30 * DAY_MS
"""A machine that was off for longer has a clock that must prove itself first."""
DOUBT_MS = 7 * DAY_MS
"""A clock that leapt by more than a day is believed when the machine has run with it for so long."""


class Clocks(NamedTuple):
    """One moment on the machine's own clock and on the wall's."""

    boot: str
    """Which run of the machine."""
    elapsed_ms: int
    """In this run; time asleep included."""
    wall_ms: int


class Mark(msgspec.Struct, frozen=True):
    boot: str
    elapsed_ms: int
    wall_ms: int
    served_ms: int
    """Unix time as if the clock had never been set: what sign-ins are counted in."""
    believed_ms: int
    """Unix time, unless the clock has leapt: what recordings are deleted by."""
    doubted_ms: int = 0
    """How long the clock has differed from that."""
    off_ms: int = 0
    """How long the machine was off before this run, as the wall clock told."""


def resumed(mark: Mark | None, now: Clocks) -> Mark:
    """The program starts. None: for the first time."""
    if mark is None:
        return Mark(*now, served_ms=now.wall_ms, believed_ms=now.wall_ms)
    if mark.boot == now.boot and mark.elapsed_ms <= now.elapsed_ms:
        return passed(mark, now)
    off_ms = max(0, now.wall_ms - mark.wall_ms)
    return Mark(
        *now,
        served_ms=mark.served_ms + off_ms,
        believed_ms=mark.believed_ms + min(off_ms, MAX_BELIEVED_OFF_MS),
        doubted_ms=mark.doubted_ms,
        off_ms=off_ms,
    )


def step_ms(mark: Mark, now: Clocks) -> int:
    """By how much the wall clock was set since the mark, in the same run of the machine; 0: it was not."""
    step = (now.wall_ms - mark.wall_ms) - (now.elapsed_ms - mark.elapsed_ms)
    return step if abs(step) >= MIN_STEP_MS else 0


def passed(mark: Mark, now: Clocks) -> Mark:
    """Some time later in the same run of the machine."""
    run_ms = now.elapsed_ms - mark.elapsed_ms
    wrong_ms = min(mark.off_ms, max(0, -step_ms(mark, now)))
    believed_ms, doubted_ms = mark.believed_ms + run_ms, mark.doubted_ms + run_ms
    if abs(now.wall_ms - believed_ms) <= DAY_MS or doubted_ms >= DOUBT_MS:
        believed_ms, doubted_ms = now.wall_ms, 0
    return Mark(
        *now,
        served_ms=mark.served_ms + run_ms - wrong_ms,
        believed_ms=believed_ms,
        doubted_ms=doubted_ms,
        off_ms=mark.off_ms - wrong_ms,
    )
