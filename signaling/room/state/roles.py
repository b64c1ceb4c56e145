"""Who may do what: one table, role and place against message type. `docs/roles.md` is made from it. Pure.

The role is the present one: the account's, unless the chair was handed over, lent or given away. Messages
that are not in the table (`hello`, `ping`) do not concern a room.
"""

from enum import StrEnum
from typing import NamedTuple

from signaling import protocol as m
from signaling.model.words import Role, SeatState, Why
from signaling.protocol import ClientMessage
from signaling.room.state.seat import STAFF, Seat

ATTENDING = STAFF | {Role.DELEGATE, Role.TECHNICIAN}
"""Roles that take part in meetings. A sysadmin installs and repairs, and has no access to their content."""
CHAIR = frozenset({Role.CHAIR})
OPERATOR = frozenset({Role.OPERATOR})
SPEAKING = ATTENDING - CHAIR
"""Roles that ask for the floor. The chair always has it."""
KNOCKING = frozenset({SeatState.OUTSIDE, SeatState.WAITING, SeatState.REFUSED})
AT_THE_DOOR = frozenset({SeatState.OUTSIDE, SeatState.ADMITTED})
"""Staff may admit from the green room. Staff who were removed wait like anybody else, and may not."""
BEFORE_THE_DOOR = frozenset({SeatState.OUTSIDE, SeatState.WAITING})
WAITING = frozenset({SeatState.WAITING})
INSIDE = frozenset({SeatState.ADMITTED})
NOT_REFUSED = BEFORE_THE_DOOR | INSIDE


class Row(NamedTuple):
    """People with these roles, in these places. If a message has several rows, one that fits is enough."""

    roles: frozenset[Role]
    seats: frozenset[SeatState]
    but: str = ""
    """What the rule itself checks beyond this, in words for the documents."""
    by_account: bool = False
    """The account's own role counts, even if the chair was handed over or given away."""


_ANYONE_INSIDE = (Row(ATTENDING, INSIDE),)
_STAFF_INSIDE = (Row(STAFF, INSIDE),)
_STAFF_AT_THE_DOOR = (Row(STAFF, AT_THE_DOOR),)
_CHAIR_INSIDE = (Row(CHAIR, INSIDE),)

RULES: dict[type[ClientMessage], tuple[Row, ...]] = {
    m.Knock: (
        Row(
            ATTENDING,
            KNOCKING,
            "not when banned; before it opens or when locked: only staff by account",
        ),
    ),
    m.Withdraw: (Row(ATTENDING, WAITING),),
    m.Talk: (Row(ATTENDING, WAITING), Row(STAFF, AT_THE_DOOR)),
    m.CheckLine: (Row(ATTENDING, BEFORE_THE_DOOR),),
    m.EndCheck: (Row(ATTENDING, frozenset(SeatState)),),  # it may cross the admission, which ends the check
    m.Offer: (Row(ATTENDING, INSIDE, "a technician: only while permitted to listen"),),
    m.Show: _ANYONE_INSIDE,
    m.SetSource: (Row(ATTENDING, INSIDE, "never against HOST or FLOOR; a chair lifts its own"),),
    m.Leave: (Row(ATTENDING, INSIDE, "leaving without permission is recorded, except for staff"),),
    m.Ask: _ANYONE_INSIDE,
    m.Unask: _ANYONE_INSIDE,
    m.Decide: (Row(STAFF, INSIDE, "only the chair: listening, granting without being asked, taking back"),),
    m.Admit: (Row(STAFF, AT_THE_DOOR, "an outsider: only the chair"),),
    m.AdmitAll: (Row(STAFF, AT_THE_DOOR, "people who are expected, nobody who was removed or sent back"),),
    m.Refuse: _STAFF_AT_THE_DOOR,
    m.Ban: (Row(STAFF, AT_THE_DOOR, "a chair by account: only another chair by account"),),
    m.Lift: _STAFF_AT_THE_DOOR,
    m.SendBack: (Row(STAFF, INSIDE, "a chair by account: only another chair by account"),),
    m.Kick: (Row(STAFF, INSIDE, "a chair by account: only another chair by account"),),
    m.Lock: _STAFF_INSIDE,
    m.Mute: _STAFF_INSIDE,
    m.MuteAll: _STAFF_INSIDE,
    m.Unmute: (Row(CHAIR, INSIDE), Row(OPERATOR, INSIDE, "only while no chair is there")),
    m.CorrectDeparture: _STAFF_INSIDE,
    m.EndMeeting: _STAFF_INSIDE,
    m.RegisterSpeech: (Row(SPEAKING, NOT_REFUSED),),
    m.RaiseHand: (Row(SPEAKING, INSIDE, "a technician: only while permitted to listen"),),
    m.LowerHand: (Row(ATTENDING, NOT_REFUSED),),
    m.EndTurn: (Row(CHAIR, INSIDE), Row(SPEAKING, INSIDE, "their own")),
    m.InviteNext: _CHAIR_INSIDE,
    m.Invite: _CHAIR_INSIDE,
    m.ExtendTurn: _CHAIR_INSIDE,
    m.Skip: _CHAIR_INSIDE,
    m.Return: _CHAIR_INSIDE,
    m.GoRound: _CHAIR_INSIDE,
    m.SetRules: _CHAIR_INSIDE,
    m.HandChair: _CHAIR_INSIDE,
    m.TakeChair: (Row(CHAIR, INSIDE, by_account=True),),
    m.LendChair: (Row(OPERATOR, INSIDE, "only while no chair is there"),),
    m.StartRecording: (Row(CHAIR, INSIDE, "not where the meeting's rules forbid it, nor without a key"),),
    m.StopRecording: _CHAIR_INSIDE,
    m.PauseRecording: _CHAIR_INSIDE,
    m.MarkRecording: _STAFF_INSIDE,
}


class Custody(StrEnum):
    """What can be done with recordings outside a room."""

    LIST = "list"
    DOWNLOAD = "download"
    """The encrypted file: without a key nobody sees anything in it."""


RECORDINGS: dict[Custody, frozenset[Role]] = {Custody.LIST: STAFF, Custody.DOWNLOAD: CHAIR}
"""By account, whoever has the chair now. Recordings are deleted at the terminal, or by the meeting's
rules."""


def refusal(kind: type[ClientMessage], seat: Seat) -> Why | None:
    """Why the person of this seat may not send this, or None."""
    rows = RULES.get(kind)
    if rows is None:
        return Why.OUT_OF_ORDER
    theirs = [row for row in rows if (seat.account.role if row.by_account else seat.role) in row.roles]
    if not theirs:
        return Why.NOT_ALLOWED
    if any(seat.state in row.seats for row in theirs):
        return None
    if any(SeatState.ADMITTED in row.seats for row in theirs):
        return Why.NOT_ADMITTED
    others = seat.admitted and any(SeatState.ADMITTED in row.seats for row in rows)
    return Why.NOT_ALLOWED if others else Why.OUT_OF_ORDER


# --- the same for people to read ---

_SHOWN = (Role.CHAIR, Role.OPERATOR, Role.DELEGATE, Role.TECHNICIAN)
_HEAD = """# Who may do what

Made from the table by which the server decides (`signaling/room/state/roles.py`); written anew with
`python -m signaling.room.state.roles > docs/roles.md`. A cell says where a person with this role may send
this message: *outside* (green room), *waiting* (lobby), *inside*, *refused* (turned away or removed). Empty:
nowhere.

The role is the one that a person has now. A chair that was handed over or lent brings the chair's rights, and
a chair who gave it away has a delegate's rights, except for `take-chair`, which goes by the account. A
sysadmin may do nothing in a meeting. `hello` and `ping` do not concern a room.

"""
_RECORDINGS_HEAD = """
## Recordings

Who may see the list of recordings, and download one as it is, encrypted. This goes by account, whoever has
the chair now. The server holds no key that opens a recording.

"""


def table() -> str:
    """`docs/roles.md`. Cannot fail; the same rules always give the same text."""
    head = ("message", *(role.value for role in _SHOWN), "but")
    lines = [head, tuple("---" for _ in head)]
    for kind, rows in RULES.items():
        name = f"`{kind.__struct_config__.tag}`"
        lines.append((name, *(_places(rows, role) for role in _SHOWN), _buts(rows)))
    custody = [("", *head[1:-1]), tuple("---" for _ in head[:-1])]
    for what, roles in RECORDINGS.items():
        custody.append((what.value, *("yes" if role in roles else "" for role in _SHOWN)))
    return _HEAD + _rows(lines) + _RECORDINGS_HEAD + _rows(custody)


def _rows(lines: list[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _places(rows: tuple[Row, ...], role: Role) -> str:
    seats = {seat for row in rows if role in row.roles for seat in row.seats}
    words = {SeatState.ADMITTED: "inside"}
    return ", ".join(words.get(seat, seat.value) for seat in SeatState if seat in seats)


def _buts(rows: tuple[Row, ...]) -> str:
    said = []
    for row in rows:
        whose = ", ".join(role.value for role in _SHOWN if role in row.roles)
        but = "by account" if row.by_account else row.but
        if but:
            said.append(f"{whose}: {but}" if len(rows) > 1 else but)
    return "; ".join(said)


if __name__ == "__main__":
    print(table(), end="")
