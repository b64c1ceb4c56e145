"""Whatever a hostile page sends, it gains nothing that only chair or operator can give."""

from dataclasses import replace

import pytest

from sfu import GateReason, Source
from signaling import protocol as m
from signaling.model.ids import ParticipantId
from signaling.model.run import Request, Rules, RunRecord, Turn, Wish
from signaling.model.seat import Gates
from signaling.model.words import FloorMode, Permission, Role, SeatState
from signaling.room.state.seat import Seat
from tests.support.hostility import Tally
from tests.support.siege import HOSTILE, WITNESS, Siege, Standing, gains

pytestmark = pytest.mark.hostile
ATTEMPTS = 1000


@pytest.mark.parametrize("seed", range(6))
def test_nobody_gains_a_right_by_sending_messages(seed: int, tally: Tally) -> None:
    siege = Siege(seed)
    while siege.tally.attempts.total() < ATTEMPTS:
        if siege.chance.random() < 0.3:
            siege.a_usual_order()
        siege.attack()
    tally.add(siege.tally)
    assert siege.tally.leaks == []


def test_the_enemies_get_far_enough_to_be_dangerous() -> None:
    """Each of the states (inside, waiting, with the floor, banned) takes a good part of the time."""
    siege, seen = Siege(1), dict.fromkeys(("inside", "speaks", "waits", "banned"), 0)
    for _ in range(ATTEMPTS):
        if siege.chance.random() < 0.3:
            siege.a_usual_order()
        siege.attack()
        seats = [seat for seat in siege.state.seats.values() if seat.account in HOSTILE]
        seen["inside"] += any(seat.admitted for seat in seats)
        seen["speaks"] += any(seat.admitted and not seat.gates.microphone for seat in seats)
        seen["waits"] += any(seat.waiting for seat in seats)
        seen["banned"] += any(seat.banned for seat in seats)
    assert min(seen.values()) > ATTEMPTS // 20, seen


# --- the judge notices what it must ---

ENEMY, OTHER = HOSTILE[0], WITNESS
INSIDE = Seat(ParticipantId("p1"), ENEMY, SeatState.ADMITTED)
WAITING = replace(INSIDE, state=SeatState.WAITING)
MUTED = replace(INSIDE, gates=INSIDE.gates.shut_all(GateReason.HOST))
BANNED = replace(INSIDE, state=SeatState.REFUSED, banned=True)
OPEN = Gates(GateReason.OPEN, GateReason.OPEN, GateReason.OPEN)
OWN_GAINS = {
    "let in": (WAITING, replace(WAITING, state=SeatState.ADMITTED)),
    "in from nowhere": (None, INSIDE),
    "a mute lifted": (MUTED, replace(MUTED, gates=INSIDE.gates)),
    "open outside": (WAITING, replace(WAITING, gates=OPEN)),
    "the chair": (INSIDE, replace(INSIDE, acting=Role.CHAIR)),
    "leave to go": (INSIDE, replace(INSIDE, may_leave=True)),
    "ears": (INSIDE, replace(INSIDE, listens_until_s=9e9)),
    "a ban lifted": (BANNED, replace(BANNED, banned=False)),
    "waits though banned": (BANNED, replace(BANNED, state=SeatState.WAITING)),
}
RUN_GAINS = {
    "rules": RunRecord(rules=Rules(mode=FloorMode.ORDERED)),
    "the floor": RunRecord(turns=(Turn(INSIDE.id, 1, 0),)),
    "a hand for another": RunRecord(queue=(Wish(ParticipantId("p2"), "", 1, 1),)),
    "a wish of another's": RunRecord(requests=(Request(ParticipantId("p2"), Permission.LEAVE, "", 1),)),
}


@pytest.mark.parametrize("what", OWN_GAINS)
def test_a_right_that_nobody_gave_is_a_leak(what: str) -> None:
    was, now = OWN_GAINS[what]
    before = {} if was is None else {ENEMY.id: was}
    assert gains(Standing(before, RunRecord()), Standing({ENEMY.id: now}, RunRecord()), ENEMY.id)


@pytest.mark.parametrize("what", RUN_GAINS)
def test_a_change_of_the_meeting_that_nobody_made_is_a_leak(what: str) -> None:
    seats = {ENEMY.id: INSIDE}
    assert gains(Standing(seats, RunRecord()), Standing(seats, RUN_GAINS[what]), ENEMY.id)


def test_an_act_on_another_participant_is_a_leak() -> None:
    other = replace(INSIDE, id=ParticipantId("p2"), account=OTHER)
    for now in (
        replace(other, gates=OPEN),
        replace(other, state=SeatState.OUTSIDE),
        replace(other, name="x"),
    ):
        assert gains(
            Standing({OTHER.id: other}, RunRecord()), Standing({OTHER.id: now}, RunRecord()), ENEMY.id
        )


def test_a_gate_that_is_open_only_in_the_media_plane_is_a_leak() -> None:
    siege = Siege(1)
    siege.say(ENEMY, m.Offer("v=0"))
    endpoint = siege.state.seats[ENEMY.id].id
    siege.media_agrees("messages")
    assert siege.tally.leaks == []
    siege.scene.endpoints[endpoint][Source.MICROPHONE] = GateReason.OPEN
    siege.media_agrees("messages")
    assert siege.tally.leaks
