"""What a client may send. Who acts is taken from the session: no message names its sender."""

from typing import Annotated

import msgspec
from msgspec import Meta

from sfu import TILE_SLOTS, Source
from signaling.model.words import (
    Code,
    Count,
    DepartureKind,
    FloorMode,
    Height,
    Line,
    Millis,
    Number,
    Permission,
    Sdp,
    Text,
    UnitKind,
)


class ClientMessage(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Base of what a client may send."""


class Hello(ClientMessage, frozen=True, tag="hello"):
    """First message of a session. Answered by `welcome`."""

    protocol: int
    meeting: Code
    resume: Code | None = None
    """`welcome.session` of the session that this one continues, when the same page lost its line. Its media
    transport then goes on; without it a newcomer on an account that is in takes the seat over afresh."""
    seen: Number | None = None
    """With `resume`: how many messages of that session have arrived here, its `welcome` and every `pong`
    counted. What it was sent beyond them follows the new `welcome`, but for what is told anew anyway: seat,
    roster, lobby, slots, speakers, lines, send-plan, recording. When too much was missed nothing follows. An
    offer that is still with the media plane is then answered to the new session."""


class Knock(ClientMessage, frozen=True, tag="knock"):
    """Ask to enter. Answered by `seat` (waiting) or `refusal`. Knocking again while waiting corrects it."""

    unit: Code | None
    name: Line
    present: Count | None = None
    total: Count | None = None


class Withdraw(ClientMessage, frozen=True, tag="withdraw"):
    """Leave the lobby. Answered by `seat` (outside)."""


class Offer(ClientMessage, frozen=True, tag="offer"):
    """Open the media transport, or with restart renew its ICE. Only when admitted. Answered by `answer`."""

    sdp: Sdp
    restart: bool = False
    id: Number = 0


class CheckLine(ClientMessage, frozen=True, tag="check-line"):
    """Measure the line, before admission: a media transport that reaches nobody. Answered by `answer`, then
    by a `line` about every second. It ends with `end-check`, with the session, or by the server with
    `check-over`, at the latest after 15 s. Another one may begin 5 s after the last."""

    sdp: Sdp
    id: Number = 0


class EndCheck(ClientMessage, frozen=True, tag="end-check"):
    """Enough is known. Not answered; nothing happens when no check runs."""


class SetSource(ClientMessage, frozen=True, tag="set-source"):
    """Open or shut one's own microphone, camera or screen. The roster shows what came of it."""

    source: Source
    on: bool
    id: Number = 0


class TileWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tile: whose camera, and how high its picture is shown."""

    participant: Code
    height: Height


class Show(ClientMessage, frozen=True, tag="show"):
    """What this client really shows: the cameras of its tiles in order, and how high each picture is. What
    is 0 high is not sent. Participants who are not there are passed over."""

    tiles: Annotated[tuple[TileWish, ...], Meta(max_length=TILE_SLOTS)]
    stage: Height
    screen: Height


class Admit(ClientMessage, frozen=True, tag="admit"):
    """Operator or chair."""

    knock: Code


class AdmitAll(ClientMessage, frozen=True, tag="admit-all"):
    """Everyone in the lobby whose account has the unit it says it speaks for."""


class Refuse(ClientMessage, frozen=True, tag="refuse"):
    knock: Code
    reason: Text


class Mute(ClientMessage, frozen=True, tag="mute"):
    """Operator or chair shuts another's source (HOST). Nobody can open another's: unmute lifts HOST only."""

    participant: Code
    source: Source = Source.MICROPHONE


class Unmute(ClientMessage, frozen=True, tag="unmute"):
    participant: Code
    source: Source = Source.MICROPHONE


class MuteAll(ClientMessage, frozen=True, tag="mute-all"):
    """Every microphone but the chair's."""


class Kick(ClientMessage, frozen=True, tag="kick"):
    participant: Code
    reason: Text


class Leave(ClientMessage, frozen=True, tag="leave"):
    """Give up one's seat."""


class EndMeeting(ClientMessage, frozen=True, tag="end-meeting"):
    """Chair (or operator)."""


class Ping(ClientMessage, frozen=True, tag="ping"):
    """Answered by `pong` with the same number: the client's clock, for the delay of the line."""

    t: Millis


class Lift(ClientMessage, frozen=True, tag="lift"):
    """Lift a ban: the account may knock again."""

    participant: Code


class Ban(ClientMessage, frozen=True, tag="ban"):
    """Staff. Refuse or remove somebody for this run of the meeting, by account: no browser is a way round."""

    participant: Code
    """Of somebody inside, or the id of a knock."""
    reason: Text


class SendBack(ClientMessage, frozen=True, tag="send-back"):
    """Staff. Back from the room to the lobby, at the end of it; admitted again, the seat is as it was."""

    participant: Code
    reason: Text


class Talk(ClientMessage, frozen=True, tag="talk"):
    """A few words between one who waits and the staff. Answered by `lobby-talk` to all of them."""

    text: Text
    knock: Code | None = None
    """Staff: to whom. Who waits leaves it out."""


class Lock(ClientMessage, frozen=True, tag="lock"):
    """Staff. Nobody but staff knocks any more, nor is let in; who has a seat comes back to it."""

    on: bool


class HandChair(ClientMessage, frozen=True, tag="hand-chair"):
    """Chair. Another one inside presides from now on; the giver may take it back with `take-chair` if the
    chair is theirs by account."""

    participant: Code


class TakeChair(ClientMessage, frozen=True, tag="take-chair"):
    """Whoever is chair by account takes the chair (back); whoever it was lent to has it no more."""


class LendChair(ClientMessage, frozen=True, tag="lend-chair"):
    """Operator. While no chair is there, somebody inside presides; oneself too."""

    participant: Code


class SetRules(ClientMessage, frozen=True, tag="set-rules"):
    """Chair. What is left out stays as it is."""

    mode: FloorMode | None = None
    hard_mute: bool | None = None
    """True: what staff shut only the chair opens again (HOST). False: the person may (SELF)."""
    screen_by_permission: bool | None = None
    turn_s: Annotated[int, Meta(ge=0, le=7200)] | None = None
    """Time of one turn; 0: no limit."""
    order: Annotated[tuple[UnitKind, ...], Meta(min_length=1, max_length=4)] | None = None
    """Kinds of unit in the order in which they speak; a kind that is left out comes last."""


class RaiseHand(ClientMessage, frozen=True, tag="raise-hand"):
    """Ask for the floor, or correct the topic of what was asked before."""

    topic: Line = ""


class LowerHand(ClientMessage, frozen=True, tag="lower-hand"):
    """Withdraw what was asked or registered. Answered by nothing when there was nothing."""


class RegisterSpeech(ClientMessage, frozen=True, tag="register-speech"):
    """In advance, from the green room or the lobby or inside: stands in the queue from admission on."""

    topic: Line


class InviteNext(ClientMessage, frozen=True, tag="invite-next"):
    """Chair. The present turn ends, and the first of the queue who is there has the floor."""


class Invite(ClientMessage, frozen=True, tag="invite"):
    """Chair. This one has the floor, whether in the queue or not. The present turn ends, unless `dialogue`:
    then both have it (at most two)."""

    participant: Code
    dialogue: bool = False


class EndTurn(ClientMessage, frozen=True, tag="end-turn"):
    """Chair: of this one, or (without a name) of everybody who has the floor. A holder: one's own."""

    participant: Code | None = None


class ExtendTurn(ClientMessage, frozen=True, tag="extend-turn"):
    """Chair."""

    participant: Code
    seconds: Annotated[int, Meta(ge=10, le=3600)]


class Skip(ClientMessage, frozen=True, tag="skip"):
    """Chair. Stays in the queue, marked, and is not invited until brought back."""

    participant: Code


class Return(ClientMessage, frozen=True, tag="return"):
    """Chair. One who was skipped stands in the queue again, at the old place."""

    participant: Code


class GoRound(ClientMessage, frozen=True, tag="go-round"):
    """Chair. On: every point that has not got the floor since and is not staff is put into the queue. Off:
    those who stand there only for that leave it."""

    on: bool


class Ask(ClientMessage, frozen=True, tag="ask"):
    """Ask for a permission. Asking again corrects the reason."""

    permission: Permission
    reason: Text = ""


class Unask(ClientMessage, frozen=True, tag="unask"):
    permission: Permission


class Decide(ClientMessage, frozen=True, tag="decide"):
    """Answer somebody's `ask`. The chair also gives without being asked (`granted`), and takes back."""

    participant: Code
    permission: Permission
    granted: bool
    reason: Text = ""
    minutes: Annotated[int, Meta(ge=1, le=240)] = 10
    """For `listen`: how long."""


class CorrectDeparture(ClientMessage, frozen=True, tag="correct-departure"):
    """Operator. What the log says of a departure stays there; the correction is added with its reason."""

    departure: Code
    kind: DepartureKind
    reason: Text


class StartRecording(ClientMessage, frozen=True, tag="start-recording"):
    """Chair. Answered by `recording` to everybody, before anything is written."""


class StopRecording(ClientMessage, frozen=True, tag="stop-recording"):
    """Chair. After one that failed: it is not shown any longer."""


class PauseRecording(ClientMessage, frozen=True, tag="pause-recording"):
    """Chair."""

    on: bool


class MarkRecording(ClientMessage, frozen=True, tag="mark-recording"):
    """Chair or operator: this instant is to be found again in the recording."""

    text: Line = ""


AnyClientMessage = (
    Hello
    | Knock
    | Withdraw
    | Offer
    | CheckLine
    | EndCheck
    | SetSource
    | Show
    | Admit
    | AdmitAll
    | Refuse
    | Mute
    | Unmute
    | MuteAll
    | Kick
    | Leave
    | EndMeeting
    | Ping
    | Lift
    | Ban
    | SendBack
    | Talk
    | Lock
    | HandChair
    | TakeChair
    | LendChair
    | SetRules
    | RaiseHand
    | LowerHand
    | RegisterSpeech
    | InviteNext
    | Invite
    | EndTurn
    | ExtendTurn
    | Skip
    | Return
    | GoRound
    | Ask
    | Unask
    | Decide
    | CorrectDeparture
    | StartRecording
    | StopRecording
    | PauseRecording
    | MarkRecording
)
