"""A seat as it survives a restart: what was decided about one account in one run of a meeting. Pure."""

from dataclasses import dataclass, field, replace

import msgspec

from sfu import GateReason, Source
from signaling.model.ids import ParticipantId
from signaling.model.meeting import Account
from signaling.model.words import Millis, Role, SeatState


class TalkLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the conversation with someone in the lobby."""

    name: str
    """Who wrote it."""
    staff: bool
    """Written by staff, not by the person who waits."""
    text: str
    at: Millis


@dataclass(frozen=True, slots=True)
class Gates:
    """The Gate of each source. At first every source is shut by its own person (SELF)."""

    microphone: GateReason = GateReason.SELF
    camera: GateReason = GateReason.SELF
    screen: GateReason = GateReason.SELF

    def of(self, source: Source) -> GateReason:
        match source:
            case Source.MICROPHONE:
                return self.microphone
            case Source.CAMERA:
                return self.camera
            case Source.SCREEN:
                return self.screen

    def shut(self, source: Source, why: GateReason) -> "Gates":
        return replace(self, **{source.value: self.of(source) | why})

    def lift(self, source: Source, why: GateReason) -> "Gates":
        return replace(self, **{source.value: self.of(source) & ~why})

    def shut_all(self, why: GateReason) -> "Gates":
        return Gates(self.microphone | why, self.camera | why, self.screen | why)

    def lift_all(self, why: GateReason) -> "Gates":
        return Gates(self.microphone & ~why, self.camera & ~why, self.screen & ~why)

    def every(self) -> dict[Source, GateReason]:
        return {source: self.of(source) for source in Source}


def before_the_door() -> Gates:
    """The gates of someone who was never admitted: shut by themselves and by the lobby."""
    return Gates().shut_all(GateReason.LOBBY)


@dataclass(frozen=True, slots=True)
class KeptSeat:
    """Everything about a seat that the store keeps. A new field here also needs a column in
    `signaling.store.tables`, a migration, and, unless its type is stored as it is, a codec in
    `signaling.store.seats`."""

    id: ParticipantId
    account: Account
    state: SeatState = SeatState.OUTSIDE
    unit: str = ""
    name: str = ""
    present: int | None = None
    total: int | None = None
    place: int = 0
    """Order of knocking, from 1; 0: never knocked. The lobby is sorted by it."""
    since_ms: int = 0
    """When the state began."""
    reason: str = ""
    kicked: bool = False
    """Removed by a person in this run: enters again only when a person admits the account alone."""
    banned: bool = False
    """By account: cannot even knock until somebody lifts the ban, or until its end. A new run begins with
    it."""
    banned_until_ms: int = 0
    """When the ban ends by itself; 0: it does not."""
    acting: Role | None = None
    """The present role instead of the account's: the chair was handed over, lent or given away."""
    may_leave: bool = False
    """Has permission to leave."""
    talk: tuple[TalkLine, ...] = ()
    """The conversation with the staff while waiting: the newest 20 lines."""
    listens_until_ms: int = 0
    """A technician: hears and sees until then; 0: does not."""
    gates: Gates = field(default_factory=before_the_door)


def ban_holds(seat: KeptSeat, now_ms: int) -> bool:
    return seat.banned and not 0 < seat.banned_until_ms <= now_ms


def banned_again(seat: KeptSeat) -> KeptSeat:
    """What a new run knows of a person who was banned in the run before: that, who it is, and why."""
    return KeptSeat(
        id=seat.id,
        account=seat.account,
        state=SeatState.REFUSED,
        unit=seat.unit,
        name=seat.name,
        place=seat.place,
        since_ms=seat.since_ms,
        reason=seat.reason,
        kicked=True,
        banned=True,
        banned_until_ms=seat.banned_until_ms,
    )
