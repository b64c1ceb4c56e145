"""The table of a seat's states, and the page that is made from it."""

from pathlib import Path

import pytest

from signaling.model.ids import Instant, ParticipantId
from signaling.model.words import SeatState
from signaling.room.state.seat import Seat
from signaling.room.state.seat_states import TRANSITIONS, IllegalStep, SeatEvent, moved, page
from tests.arch.source import ROOT
from tests.support.control_room import account

NOW = Instant(10.0, 10_000)


def seat(state: SeatState) -> Seat:
    return Seat(ParticipantId("p"), account("one"), state)


@pytest.mark.parametrize("state", SeatState)
@pytest.mark.parametrize("event", SeatEvent)
def test_a_seat_moves_as_the_table_says_or_not_at_all(state: SeatState, event: SeatEvent) -> None:
    if (state, event) not in TRANSITIONS:
        with pytest.raises(IllegalStep):
            moved(seat(state), event, NOW)
        return
    after = moved(seat(state), event, NOW)
    assert after.state is TRANSITIONS[state, event]
    assert after.since_ms == NOW.unix_ms


def test_every_event_and_every_state_is_in_the_table() -> None:
    assert {event for _, event in TRANSITIONS} == set(SeatEvent)
    assert {state for state, _ in TRANSITIONS} == set(TRANSITIONS.values()) == set(SeatState)


def test_nobody_but_staff_gets_inside_past_the_lobby() -> None:
    ways = {(state, event) for (state, event), to in TRANSITIONS.items() if to is SeatState.ADMITTED}
    assert {event for state, event in ways if state is not SeatState.WAITING} == {SeatEvent.WALK_IN}


def test_no_rule_sets_a_state_past_the_table() -> None:
    for path in (Path(ROOT) / "signaling" / "room").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "state=SeatState." not in text, path
        assert "state=to" not in text or path.name == "seat_states.py", path


def test_the_page_in_the_documents_is_the_one_of_the_table() -> None:
    text = (Path(ROOT) / "docs" / "seat-states.md").read_text(encoding="utf-8")
    assert text == page(), "stale: run python -m signaling.room.state.seat_states > docs/seat-states.md"
