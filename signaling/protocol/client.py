"""What a client may send. The session tells who acts: no message names its sender. Pure."""

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
    Millis,
    Number,
    Permission,
    Sdp,
    ShortText,
    Text,
    UnitKind,
)


class ClientMessage(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Base of every message that a client may send."""


class Hello(ClientMessage, frozen=True, tag="hello"):
    """The first message of a session: which meeting it is for. Answered by `welcome`, or by `bye` if the
    session cannot begin."""

    protocol: int
    """The version of the protocol that the client speaks."""
    meeting: Code
    """The meeting's code."""
    resume: Code | None = None
    """`welcome.session` of the session that this one continues, when the same page lost its connection. Its
    media transport then goes on. Without `resume`, a session of an account that is already inside takes over
    the seat and starts with everything shut."""
    seen: Number | None = None
    """With `resume`: how many messages of that session have arrived here, counting its `welcome` and every
    `pong`. The later ones follow the new `welcome`, except those that are sent afresh anyway: seat, roster,
    lobby, slots, speakers, lines, send-plan, recording. If too much was missed, none follow. The answer to an
    offer that the media worker has not answered yet goes to the new session."""


class Knock(ClientMessage, frozen=True, tag="knock"):
    """Ask to enter. Answered by `seat` (waiting, or admitted for staff) or `refusal`. Knocking again while
    waiting corrects what was said and keeps the place."""

    unit: Code | None
    """The unit that the person speaks for; null: the account's own unit."""
    name: ShortText
    """The name that everybody will see."""
    present: Count | None = None
    """How many of the unit's people are present."""
    total: Count | None = None
    """How many people the unit has; not less than `present`."""


class Withdraw(ClientMessage, frozen=True, tag="withdraw"):
    """Leave the lobby. Answered by `seat` (outside; refused for someone who was removed before)."""


class Offer(ClientMessage, frozen=True, tag="offer"):
    """Open the media transport, or renew its ICE (`restart`). Only after admission. Answered by `answer`."""

    sdp: Sdp
    restart: bool = False
    """True: keep the transport and only restart ICE."""
    id: Number = 0


class CheckLine(ClientMessage, frozen=True, tag="check-line"):
    """Measure the line before admission, over a media transport that reaches nobody. Answered by `answer`,
    then by a `line` about every second. The check ends with `end-check`, with the session, on admission, or
    after 15 s at the latest; when the server ends it, it sends `check-over`. The next check may begin 5 s
    after the start of the last."""

    sdp: Sdp
    id: Number = 0


class EndCheck(ClientMessage, frozen=True, tag="end-check"):
    """Stop the line check: the page knows enough. Not answered; without a check nothing happens."""


class SetSource(ClientMessage, frozen=True, tag="set-source"):
    """Open or shut your own microphone, camera or screen. The roster shows the result."""

    source: Source
    on: bool
    id: Number = 0


class TileWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tile on the screen: whose camera it shows, and how high."""

    participant: Code
    height: Height


class Show(ClientMessage, frozen=True, tag="show"):
    """What this client has on its screen, so that no larger picture is sent than it can use. A picture of
    height 0 is not sent. Participants who are not inside are ignored."""

    tiles: Annotated[tuple[TileWish, ...], Meta(max_length=TILE_SLOTS)]
    """Cameras in the order of the tiles."""
    stage: Height
    """Height of the large picture."""
    screen: Height
    """Height of the shared screen."""


class Admit(ClientMessage, frozen=True, tag="admit"):
    """Staff: let one person in from the lobby. Only a chair lets an outsider in."""

    knock: Code
    """`knocks[].id` of the lobby."""


class AdmitAll(ClientMessage, frozen=True, tag="admit-all"):
    """Staff: let in everyone in the lobby who is expected, in the order of knocking, as far as there is room.
    Someone who was removed or sent back has to be admitted alone."""


class Refuse(ClientMessage, frozen=True, tag="refuse"):
    """Staff: turn away someone who waits in the lobby. They may knock again."""

    knock: Code
    """`knocks[].id` of the lobby."""
    reason: Text
    """Shown to the person; must not be empty."""


class Mute(ClientMessage, frozen=True, tag="mute"):
    """Staff: shut somebody's source. With hard mutes (`floor.hard_mute`) only `unmute` allows the person to
    open it again."""

    participant: Code
    source: Source = Source.MICROPHONE


class Unmute(ClientMessage, frozen=True, tag="unmute"):
    """Chair, or an operator while no chair is there: allow somebody to open a source again. The source stays
    shut until its own person opens it."""

    participant: Code
    source: Source = Source.MICROPHONE


class MuteAll(ClientMessage, frozen=True, tag="mute-all"):
    """Staff: mute every microphone except the chairs'."""


class Kick(ClientMessage, frozen=True, tag="kick"):
    """Staff: remove somebody from the meeting. They may knock again."""

    participant: Code
    reason: Text
    """Shown to the person; must not be empty."""


class Leave(ClientMessage, frozen=True, tag="leave"):
    """Give up your seat and end the session. Leaving without permission is recorded. Answered by `bye`."""


class EndMeeting(ClientMessage, frozen=True, tag="end-meeting"):
    """Staff: end the meeting for everyone. Every session gets a `bye`."""


class Ping(ClientMessage, frozen=True, tag="ping"):
    """Measure the delay of the connection. Answered by a `pong` with the same number."""

    t: Millis
    """A time by the client's own clock."""


class Lift(ClientMessage, frozen=True, tag="lift"):
    """Staff: lift a ban. The account may knock again."""

    participant: Code


class Ban(ClientMessage, frozen=True, tag="ban"):
    """Staff: refuse or remove an account. The ban is by account, so another browser does not get around it,
    and holds in all further runs of the meeting."""

    participant: Code
    """Somebody inside, or the id of a knock."""
    reason: Text
    """Shown to the person; must not be empty."""
    days: Annotated[int, Meta(ge=0, le=366)] = 0
    """It ends by itself after so many; 0: somebody has to lift it."""


class SendBack(ClientMessage, frozen=True, tag="send-back"):
    """Staff: send somebody back from the room to the end of the lobby. The session stays, the media ends, and
    what was muted stays muted."""

    participant: Code
    reason: Text
    """Shown to the person; must not be empty."""


class Talk(ClientMessage, frozen=True, tag="talk"):
    """A few words between someone in the lobby and the staff. Answered by `lobby-talk` to all of them."""

    text: Text
    knock: Code | None = None
    """From staff: the knock to answer. The waiting person leaves it out."""


class Lock(ClientMessage, frozen=True, tag="lock"):
    """Staff: lock or unlock the meeting. While it is locked, nobody except staff can knock or be let in. A
    person who has a seat can still come back to it."""

    on: bool


class HandChair(ClientMessage, frozen=True, tag="hand-chair"):
    """Chair: hand the chair to somebody inside. The account's own chair can take it back with
    `take-chair`."""

    participant: Code


class TakeChair(ClientMessage, frozen=True, tag="take-chair"):
    """Chair by account: take the chair back. Everybody to whom it was handed or lent loses it."""


class LendChair(ClientMessage, frozen=True, tag="lend-chair"):
    """Operator: while no chair is there, let somebody inside preside, also yourself."""

    participant: Code


class SetRules(ClientMessage, frozen=True, tag="set-rules"):
    """Chair: set the rules of the meeting. A field that is left out stays as it is."""

    mode: FloorMode | None = None
    hard_mute: bool | None = None
    """True: only `unmute` undoes a mute (HOST). False: the muted person may open the source again (SELF)."""
    screen_by_permission: bool | None = None
    """True: everybody except staff needs permission to share a screen, once for each share."""
    turn_s: Annotated[int, Meta(ge=0, le=7200)] | None = None
    """Seconds that a turn lasts; 0: no limit."""
    order: Annotated[tuple[UnitKind, ...], Meta(min_length=1, max_length=4)] | None = None
    """Kinds of unit in the order in which they speak. Kinds that are left out come last."""


class RaiseHand(ClientMessage, frozen=True, tag="raise-hand"):
    """Ask for the floor. Asking again corrects the topic and keeps the place."""

    topic: ShortText = ""


class LowerHand(ClientMessage, frozen=True, tag="lower-hand"):
    """Withdraw a raised hand or a registered speech. Without one nothing happens."""


class RegisterSpeech(ClientMessage, frozen=True, tag="register-speech"):
    """Ask for the floor in advance, from the green room, the lobby or inside. It joins the queue on
    admission, at the place of its time."""

    topic: ShortText
    """What the speech is about; must not be empty."""


class InviteNext(ClientMessage, frozen=True, tag="invite-next"):
    """Chair: end the present turns and give the floor to the first in the queue who is there."""


class Invite(ClientMessage, frozen=True, tag="invite"):
    """Chair: give somebody the floor, whether they are in the queue or not. The present turns end, unless
    `dialogue` is set: then both have the floor (two at most)."""

    participant: Code
    dialogue: bool = False


class EndTurn(ClientMessage, frozen=True, tag="end-turn"):
    """End a turn. The chair ends anybody's; anyone else only their own."""

    participant: Code | None = None
    """From the chair: whose turn; null: all turns."""


class ExtendTurn(ClientMessage, frozen=True, tag="extend-turn"):
    """Chair: give a turn that has a time limit more time."""

    participant: Code
    seconds: Annotated[int, Meta(ge=10, le=3600)]
    """Added to the end of the turn, or to now if that has passed."""


class Skip(ClientMessage, frozen=True, tag="skip"):
    """Chair: pass somebody over. They stay in the queue, marked, and are not invited until `return`."""

    participant: Code


class Return(ClientMessage, frozen=True, tag="return"):
    """Chair: undo `skip`. The person keeps the old place in the queue."""

    participant: Code


class GoRound(ClientMessage, frozen=True, tag="go-round"):
    """Chair. On: put every bridge point that has not had the floor since then into the queue (staff and
    technicians are left out). Off: remove those who are in the queue only for this reason."""

    on: bool


class Ask(ClientMessage, frozen=True, tag="ask"):
    """Ask for a permission. Answered by `decision` when it is decided. Asking again corrects the reason."""

    permission: Permission
    reason: Text = ""
    """Needed for `leave`."""


class Unask(ClientMessage, frozen=True, tag="unask"):
    """Take back an `ask`. For `leave`, also give back a permission that was granted."""

    permission: Permission


class Decide(ClientMessage, frozen=True, tag="decide"):
    """Staff: answer somebody's `ask`. The chair may also grant without being asked, and take back what was
    granted. Only the chair decides whether a technician may listen."""

    participant: Code
    permission: Permission
    granted: bool
    reason: Text = ""
    """Shown to the person."""
    minutes: Annotated[int, Meta(ge=1, le=240)] = 10
    """For `listen`: how long."""


class CorrectDeparture(ClientMessage, frozen=True, tag="correct-departure"):
    """Staff: correct how the server judged a departure. The first judgement stays beside the correction, and
    both are in the audit log."""

    departure: Code
    """`departures[].id`."""
    kind: DepartureKind
    reason: Text
    """Must not be empty."""


class StartRecording(ClientMessage, frozen=True, tag="start-recording"):
    """Chair: record the meeting. Everybody is sent `recording` before anything is written."""


class StopRecording(ClientMessage, frozen=True, tag="stop-recording"):
    """Chair: end the recording. If it has failed: stop showing the failure."""


class PauseRecording(ClientMessage, frozen=True, tag="pause-recording"):
    """Chair: pause the recording, or go on with it."""

    on: bool
    """True: pause."""


class MarkRecording(ClientMessage, frozen=True, tag="mark-recording"):
    """Staff: mark this moment, so that it can be found again in the recording."""

    text: ShortText = ""


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
