"""Seats and their rows: what is kept comes back, and every column is written."""

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from sfu import GateReason
from signaling.model.ids import Instant, ParticipantId
from signaling.model.seat import Gates, KeptSeat, TalkLine
from signaling.model.words import Presence, Role, SeatState
from signaling.room.state.seat import Seat, restored
from signaling.store import tables
from signaling.store.seats import columns_of
from tests.support.control_room import account

KEY = {"meeting_id", "run", "account_id"}
gates = st.builds(Gates, *[st.sampled_from([GateReason(bits) for bits in range(32)])] * 3)
kept_seats = st.builds(
    KeptSeat,
    id=st.just(ParticipantId("p1")),
    account=st.just(account("hoa")),
    state=st.sampled_from(SeatState),
    acting=st.sampled_from([None, *Role]),
    talk=st.tuples(st.just(TalkLine("Hoà", False, "xin chào", 5))),
    listens_until_ms=st.sampled_from([0, 2_000_000]),
    gates=gates,
)


@given(kept_seats)
def test_every_column_but_the_key_is_written(seat: KeptSeat) -> None:
    assert columns_of(seat).keys() | KEY == set(tables.seat.columns.keys())


@given(kept_seats)
def test_a_restored_seat_keeps_everything_and_nobody_is_connected(seat: KeptSeat) -> None:
    again = restored(seat, Instant(1000.0, 1_000_000))
    assert again.kept() == seat
    assert not again.online
    assert again.presence is Presence.LOST
    assert again.offered is (seat.state is SeatState.ADMITTED)


def test_no_field_of_the_connection_is_kept() -> None:
    assert {each.name for each in fields(KeptSeat)} < {each.name for each in fields(Seat)}
