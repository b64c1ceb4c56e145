"""What staff are shown beside the roster: lobby, bans, requests, departures, voices. Pure.

Of the requests everybody is shown their own.
"""

from signaling.protocol import BannedView, DepartureView, KnockView, RequestView, TalkTime, Voices
from signaling.room.state.seat import Seat
from signaling.room.state.state import State

MAX_TALK_S = 9999
"""What the protocol's counts hold."""


def knocks(state: State) -> tuple[KnockView, ...]:
    return tuple(
        KnockView(
            id=seat.id,
            unit=seat.unit,
            name=seat.name,
            role=seat.account.role,
            present=seat.present,
            total=seat.total,
            since=seat.since_ms,
            expected=state.is_expected(seat),
            outsider=state.is_outsider(seat),
            online=seat.online,
        )
        for seat in state.waiting()
    )


def banned(state: State) -> tuple[BannedView, ...]:
    seats = sorted((seat for seat in state.seats.values() if seat.banned), key=lambda seat: seat.id)
    return tuple(
        BannedView(seat.id, seat.unit, seat.name, seat.reason, seat.banned_until_ms) for seat in seats
    )


def requests(state: State, seat: Seat) -> tuple[RequestView, ...]:
    """To staff all that waits to be decided, to others their own."""
    asked = (one for one in state.run.requests if seat.staff or one.participant == seat.id)
    return tuple(RequestView(one.participant, one.permission, one.reason, one.since_ms) for one in asked)


def departures(state: State) -> tuple[DepartureView, ...]:
    return tuple(
        DepartureView(one.id, one.participant, one.unit, one.name, one.kind, one.was, one.reason, one.at_ms)
        for one in state.run.departures
    )


def voices(state: State) -> Voices:
    """To staff: noise, and who has spoken how long by the run's record."""
    seats = {seat.id: seat for seat in state.seats.values()}
    times = tuple(
        TalkTime(one, seats[one].unit, min(MAX_TALK_S, ms // 1000))
        for one, ms in state.run.talked_ms.items()
        if one in seats
    )
    return Voices(state.hearing.noisy, times)
