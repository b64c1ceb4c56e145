"""A participant's seat, keyed by account: what was decided about it, and whether its person is there. Pure.

What a seat keeps (`KeptSeat`) changes only by what people do, and is the same after a reconnect, a takeover
and a restart. A Seat adds what is true of the present connection, which a restart forgets.
"""

from dataclasses import dataclass, fields

from signaling.model.ids import Instant, SessionId
from signaling.model.seat import KeptSeat
from signaling.model.words import Presence, Role, SeatState
from signaling.protocol import Show

STAFF = frozenset({Role.CHAIR, Role.OPERATOR})
"""They enter their own meeting without being admitted, and admit others."""

_KEPT = tuple(each.name for each in fields(KeptSeat))


@dataclass(frozen=True, slots=True)
class Seat(KeptSeat):
    """A kept seat with its connection."""

    address: str = ""
    """Where the session comes from, for the audit log."""
    presence: Presence = Presence.HERE
    """While offline: why, as far as known."""
    listens_until_s: float = 0.0
    """`listens_until_ms` as monotonic seconds."""
    session: SessionId | None = None
    """The session that is connected or, while `online` is false, was the last one."""
    resumed: SessionId | None = None
    """The session that `session` continued. A page that does not get its welcome names this one again."""
    online: bool = False
    away_s: float = 0.0
    """Since when the seat is offline."""
    away_ms: int = 0
    """The same for people to see; 0: online."""
    local: bool = False
    """The browser is on this machine."""
    wanted: bool = False
    """The page behind `session` believes that it has a media transport."""
    offered: bool = False
    """The media worker holds an endpoint for it, as far as we know."""
    offers_charged_s: float = 0.0
    """Until when its offers are charged; monotonic."""
    show: Show | None = None
    """What the page said that it shows; None before it said so."""

    @property
    def role(self) -> Role:
        """The role that decides what its person may do."""
        return self.account.role if self.acting is None else self.acting

    @property
    def admitted(self) -> bool:
        return self.state is SeatState.ADMITTED

    @property
    def waiting(self) -> bool:
        return self.state is SeatState.WAITING

    @property
    def staff(self) -> bool:
        """May admit others now. Staff who were removed lose that until somebody admits them again."""
        return self.role in STAFF and self.state in (SeatState.OUTSIDE, SeatState.ADMITTED)

    @property
    def takes_part(self) -> bool:
        """Hears, sees and may be heard. A technician does so only by permission."""
        return self.admitted and (self.role is not Role.TECHNICIAN or self.listens_until_ms > 0)

    def kept(self) -> KeptSeat:
        """What the store keeps of it."""
        return KeptSeat(**{name: getattr(self, name) for name in _KEPT})


def restored(kept: KeptSeat, now: Instant) -> Seat:
    """The seat after a restart of the control plane. Nobody is connected yet. The media worker may have lived
    on, so it is taken to hold an endpoint for everyone admitted until it says otherwise."""
    listens_s = now.s + (kept.listens_until_ms - now.unix_ms) / 1000 if kept.listens_until_ms else 0.0
    return Seat(
        **{name: getattr(kept, name) for name in _KEPT},
        presence=Presence.LOST,
        away_s=now.s,
        away_ms=now.unix_ms,
        listens_until_s=listens_s,
        offered=kept.state is SeatState.ADMITTED,
    )
