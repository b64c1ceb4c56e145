"""A few words between someone in the lobby and the staff: sometimes people have to explain who they are.

The conversation is kept with the knock until its person is let in, and shown to nobody else.
"""

from collections.abc import Iterable
from dataclasses import replace

from signaling.model.ids import Instant, SessionId
from signaling.model.seat import TalkLine
from signaling.model.text import one_line
from signaling.model.words import Why
from signaling.protocol import LobbyTalk, Talk
from signaling.room.state.effects import Keep, Outcome, Refused, Tell
from signaling.room.state.seat import Seat
from signaling.room.state.state import State


def talk(state: State, seat: Seat, message: Talk, now: Instant) -> Outcome:
    """One more line. The waiting person writes to the staff, only about their own knock."""
    named = seat.id if seat.waiting and message.knock is None else message.knock
    target = state.by_id(named) if named is not None else None
    if target is None or not target.waiting or (seat.waiting and target.id != seat.id):
        return Refused(Why.UNKNOWN_KNOCK)
    text = one_line(message.text)
    if not text:
        return Refused(Why.BAD_MESSAGE)
    if seat.waiting and _too_soon(state, seat, now):
        return Refused(Why.TOO_FAST)
    line = TalkLine(seat.name or seat.account.name, not seat.waiting, text, now.unix_ms)
    target = replace(target, talk=(*target.talk, line)[-state.limits.talk_lines :])
    state.put(target)
    own = (target.session,) if target.online and target.session is not None else ()
    told = Tell((*own, *state.staff()), LobbyTalk(target.id, target.talk))
    return (Keep((target.account.id,)), told)


def _too_soon(state: State, seat: Seat, now: Instant) -> bool:
    """Every line is sent to all the staff, together with those before it."""
    last = next((line.at for line in reversed(seat.talk) if not line.staff), None)
    return last is not None and 0 <= now.unix_ms - last < state.limits.talk_every_s * 1000


def told(state: State, come: Iterable[SessionId]) -> tuple[Tell, ...]:
    """All conversations so far, for staff who have just come."""
    to = tuple(come)
    if not to:
        return ()
    return tuple(Tell(to, LobbyTalk(seat.id, seat.talk)) for seat in state.waiting() if seat.talk)


def own(seat: Seat) -> tuple[LobbyTalk, ...]:
    """The person's own conversation, for someone who comes back to the lobby."""
    return (LobbyTalk(seat.id, seat.talk),) if seat.waiting and seat.talk else ()
