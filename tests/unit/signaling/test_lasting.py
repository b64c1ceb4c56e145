"""Sign-ins and retention over clocks that are set, machines that are off, and both."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.model.certificate import DAY_MS
from signaling.model.lasting import DOUBT_MS, Clocks, Mark, passed, resumed, step_ms

NOW_MS = 1_764_230_400_000
HOUR_MS = 3_600_000
YEAR_MS = 365 * DAY_MS


class Machine:
    """A machine with a clock that can be wrong, and the mark that its program keeps."""

    def __init__(self) -> None:
        self.boot, self.elapsed_ms, self.wall_ms = 1, 5000, NOW_MS
        self.mark = resumed(None, self.clocks)
        self.steps: list[int] = []

    @property
    def clocks(self) -> Clocks:
        return Clocks(str(self.boot), self.elapsed_ms, self.wall_ms)

    def runs(self, ms: int) -> None:
        self.elapsed_ms += ms
        self.wall_ms += ms
        self._look()

    def is_set(self, by_ms: int) -> None:
        self.wall_ms += by_ms
        self._look()

    def _look(self) -> None:
        self.steps.append(step_ms(self.mark, self.clocks))
        self.mark = passed(self.mark, self.clocks)

    def restarts_the_program(self, set_by_ms: int = 0) -> None:
        self.wall_ms += set_by_ms
        self.mark = resumed(self._stored(), self.clocks)

    def is_off(self, ms: int, wrong_ms: int = 0) -> None:
        """And comes up with a clock that is wrong by so much."""
        self.boot, self.elapsed_ms = self.boot + 1, 3000
        self.wall_ms += ms + wrong_ms
        self.mark = resumed(self._stored(), self.clocks)

    def _stored(self) -> Mark:
        return msgspec.json.decode(msgspec.json.encode(self.mark), type=Mark)


@pytest.mark.parametrize("step", [7 * HOUR_MS, -7 * HOUR_MS, 10 * YEAR_MS, -10 * YEAR_MS])
def test_a_step_of_the_clock_is_noticed_and_moves_no_sign_in(step: int) -> None:
    machine = Machine()
    machine.runs(1000)
    machine.is_set(step)
    machine.runs(HOUR_MS)
    assert machine.steps == [0, step, 0]
    assert machine.mark.served_ms == NOW_MS + 1000 + HOUR_MS


def test_a_clock_that_is_adjusted_slowly_has_no_steps() -> None:
    machine = Machine()
    for _ in range(1000):
        machine.elapsed_ms += 1000
        machine.wall_ms += 1001
        machine._look()
    assert set(machine.steps) == {0}


@pytest.mark.parametrize("step", [0, HOUR_MS, -HOUR_MS, YEAR_MS, -YEAR_MS])
def test_a_restart_of_the_program_changes_nothing_even_if_the_clock_is_set_meanwhile(step: int) -> None:
    machine = Machine()
    machine.runs(HOUR_MS)
    machine.restarts_the_program(step)
    machine.runs(HOUR_MS)
    assert machine.mark.served_ms == NOW_MS + 2 * HOUR_MS


def test_the_time_that_the_machine_was_off_counts() -> None:
    machine = Machine()
    machine.is_off(9 * HOUR_MS)
    assert machine.mark.served_ms == NOW_MS + 9 * HOUR_MS


def test_a_machine_that_comes_up_in_1970_ends_no_sign_in() -> None:
    machine = Machine()
    machine.is_off(HOUR_MS, wrong_ms=-NOW_MS)
    assert machine.mark.served_ms == NOW_MS
    machine.is_set(NOW_MS)
    assert machine.mark.served_ms == NOW_MS


def test_a_machine_that_comes_up_a_time_zone_ahead_gets_its_sign_ins_back_when_the_clock_is_set() -> None:
    machine = Machine()
    machine.is_off(HOUR_MS, wrong_ms=7 * HOUR_MS)
    machine.is_set(-7 * HOUR_MS)
    assert machine.mark.served_ms == NOW_MS + HOUR_MS
    machine.is_set(-3 * HOUR_MS)  # taken back once, and no more than the time it was off
    assert machine.mark.served_ms == NOW_MS
    machine.is_set(-3 * HOUR_MS)
    assert machine.mark.served_ms == NOW_MS


def test_recordings_are_deleted_by_a_leapt_clock_only_when_it_has_stood_for_a_week() -> None:
    machine = Machine()
    machine.is_set(5 * YEAR_MS)
    machine.restarts_the_program()
    for _ in range(6):
        machine.runs(DAY_MS)
        assert machine.mark.believed_ms < NOW_MS + 7 * DAY_MS
    machine.runs(DAY_MS)
    assert machine.mark.believed_ms == machine.wall_ms


def test_a_leap_that_is_taken_back_leaves_no_doubt() -> None:
    machine = Machine()
    machine.is_set(5 * YEAR_MS)
    machine.runs(6 * DAY_MS)
    machine.is_set(-5 * YEAR_MS)
    machine.is_set(5 * YEAR_MS)
    machine.runs(2 * DAY_MS)
    assert machine.mark.believed_ms < NOW_MS + 9 * DAY_MS


def test_a_machine_that_comes_up_years_ahead_deletes_nothing_at_once_but_holidays_count() -> None:
    machine = Machine()
    machine.is_off(HOUR_MS, wrong_ms=10 * YEAR_MS)
    machine.runs(HOUR_MS)
    assert machine.mark.believed_ms < NOW_MS + 31 * DAY_MS
    machine = Machine()
    machine.is_off(14 * DAY_MS)
    assert machine.mark.believed_ms == machine.wall_ms


@given(
    st.lists(
        st.tuples(st.sampled_from(("runs", "is_set", "restarts_the_program")), st.integers(0, 20 * YEAR_MS)),
        max_size=20,
    )
)
def test_whatever_happens_to_the_clock_a_sign_in_lasts_as_long_as_the_machine_runs(
    acts: list[tuple[str, int]],
) -> None:
    machine, ran_ms = Machine(), 0
    for place, (act, ms) in enumerate(acts):
        if act == "runs":
            ran_ms += ms
        getattr(machine, act)(ms if act == "runs" or place % 2 else -ms)
    assert machine.mark.served_ms == NOW_MS + ran_ms
    assert machine.mark.doubted_ms < DOUBT_MS + 1
