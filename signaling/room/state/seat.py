"""A Participant's seat, keyed by account: what was decided about it, and what the media plane says of it.

A Seat changes only by what people do and is the same after a reconnect, a takeover and a restart.
A Line holds facts about the media of the moment and is worth nothing once they are gone.
"""

from dataclasses import dataclass, field, replace

from sfu import GateReason, SlotKind, Source
from signaling.model import run
from signaling.model.ids import AccountId, Instant, ParticipantId, SessionId
from signaling.model.meeting import Account
from signaling.model.run import SeatRow, TalkLine
from signaling.model.words import Presence, Role, SeatState
from signaling.protocol import SendPlan, Show, SlotView
from signaling.protocol.line_views import LinePoint, Quality

STAFF = frozenset({Role.CHAIR, Role.OPERATOR})
"""Those who enter their own meeting without being admitted, and admit others."""


@dataclass(frozen=True, slots=True)
class Gates:
    """The Gate of each source. Every source starts shut by its own person (SELF)."""

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
    """Of one who was never admitted: shut by themself and by the lobby."""
    return Gates().shut_all(GateReason.LOBBY)


@dataclass(frozen=True, slots=True)
class Seat:
    id: ParticipantId
    account: Account
    state: SeatState = SeatState.OUTSIDE
    unit: str = ""
    name: str = ""
    present: int | None = None
    total: int | None = None
    place: int = 0
    """Order of knocking, from 1; 0 for who never knocked."""
    since_ms: int = 0
    reason: str = ""
    kicked: bool = False
    """Removed by a person in this run: enters again only when a person admits the account alone."""
    banned: bool = False
    """By account, for this run: may not even knock until somebody lifts it."""
    acting: Role | None = None
    """The role it has for now instead of its account's: the chair was handed, lent or given away."""
    may_leave: bool = False
    """Was given leave to go."""
    talk: tuple[TalkLine, ...] = ()
    """What was said between it and the staff while it waited: the newest 20."""
    address: str = ""
    """Where its session comes from, for the audit log."""
    presence: Presence = Presence.HERE
    """Of one who is not online: what is known of why."""
    listens_until_s: float = 0.0
    """A technician: hears and sees until then."""
    listens_until_ms: int = 0
    gates: Gates = field(default_factory=before_the_door)
    session: SessionId | None = None
    """The session that is connected or, while `online` is false, was the last."""
    resumed: SessionId | None = None
    """The one it went on from: if its page does not hear the welcome, it asks again with this."""
    online: bool = False
    away_s: float = 0.0
    """Since when it is not online."""
    away_ms: int = 0
    """The same for people to see; 0: it is online."""
    local: bool = False
    """Its browser is on this machine."""
    wanted: bool = False
    """The page behind `session` believes that it has a media transport."""
    offered: bool = False
    """The media worker holds an endpoint for it, as far as we know."""
    show: Show | None = None
    """What its page said that it shows; None before it said so."""

    @property
    def role(self) -> Role:
        """What its rights are judged by."""
        return self.account.role if self.acting is None else self.acting

    @property
    def admitted(self) -> bool:
        return self.state is SeatState.ADMITTED

    @property
    def waiting(self) -> bool:
        return self.state is SeatState.WAITING

    @property
    def staff(self) -> bool:
        """May admit others now. Who was removed has lost that until somebody admits them again."""
        return self.role in STAFF and self.state in (SeatState.OUTSIDE, SeatState.ADMITTED)

    @property
    def takes_part(self) -> bool:
        """Hears, sees and may be heard. A technician does so by permission alone."""
        return self.admitted and (self.role is not Role.TECHNICIAN or self.listens_until_ms > 0)

    def row(self) -> SeatRow:
        gates = run.Gates(int(self.gates.microphone), int(self.gates.camera), int(self.gates.screen))
        return SeatRow(
            participant=self.id,
            account=self.account,
            state=self.state,
            unit=self.unit,
            name=self.name,
            present=self.present,
            total=self.total,
            place=self.place,
            since_ms=self.since_ms,
            reason=self.reason,
            kicked=self.kicked,
            gates=gates,
            banned=self.banned,
            acting=self.acting,
            may_leave=self.may_leave,
            talk=self.talk,
            listens_until_ms=self.listens_until_ms,
        )


def restored(row: SeatRow, now: Instant) -> Seat:
    """The seat after a restart of the control plane: nobody is connected yet, and the media worker, which
    may have lived on, is taken to hold an endpoint for everyone admitted until it says otherwise."""
    gates = Gates(
        GateReason(row.gates.microphone), GateReason(row.gates.camera), GateReason(row.gates.screen)
    )
    return Seat(
        id=row.participant,
        account=row.account,
        state=row.state,
        unit=row.unit,
        name=row.name,
        present=row.present,
        total=row.total,
        place=row.place,
        since_ms=row.since_ms,
        reason=row.reason,
        kicked=row.kicked,
        gates=gates,
        banned=row.banned,
        acting=row.acting,
        may_leave=row.may_leave,
        talk=row.talk,
        presence=Presence.LOST,
        away_s=now.s,
        away_ms=now.unix_ms,
        listens_until_s=now.s + (row.listens_until_ms - now.unix_ms) / 1000 if row.listens_until_ms else 0.0,
        listens_until_ms=row.listens_until_ms,
        offered=row.state is SeatState.ADMITTED,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """What the media plane says of one endpoint."""

    negotiating: bool = False
    """An offer is with the media worker; what it says of slots meanwhile waits for the answer."""
    had_endpoint: bool = False
    """Before that offer; an offer that is refused changes nothing."""
    flowing: frozenset[Source] = frozenset()
    stopped: frozenset[Source] = frozenset()
    """Those that did flow and have ceased."""
    lost: bool = False
    quality: Quality = Quality.UNKNOWN
    leaning: Quality = Quality.UNKNOWN
    """What the newest report alone would say."""
    point: LinePoint | None = None
    """The newest report, as the board shows it."""
    slots: tuple[SlotView, ...] | None = None
    plan: SendPlan | None = None


CHECK = "check-"
"""The endpoint of a session's line check is called so, with the session behind it."""


@dataclass(frozen=True, slots=True)
class Check:
    """A session's line check."""

    account: AccountId
    until_s: float
    offer: int
    """Number of its offer."""
    negotiating: bool = True
    """The offer is with the media worker."""
    quality: Quality = Quality.UNKNOWN
    leaning: Quality = Quality.UNKNOWN


def settled(leaning: Quality, quality: Quality, word: Quality) -> Quality:
    """The word for a line changes when two reports in a row say so; one lost packet is no weather."""
    return word if word is leaning else quality


def empty_slot(mid: str, kind: SlotKind) -> SlotView:
    return SlotView(mid, kind, None, None)
