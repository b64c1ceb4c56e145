"""Who may do what: one table, role and place against message type.

A message that is not in the table is no business of a room (`hello`, `ping`).
"""

from typing import NamedTuple

from signaling import messages as m
from signaling.messages import ClientMessage, Role, SeatState, Why
from signaling.seat import STAFF

ATTENDING = STAFF | {Role.DELEGATE, Role.TECHNICIAN}
"""A sysadmin installs and repairs, and has no access to the meeting's content."""
KNOCKING = frozenset({SeatState.OUTSIDE, SeatState.WAITING, SeatState.REFUSED})
AT_THE_DOOR = frozenset({SeatState.OUTSIDE, SeatState.ADMITTED})
"""An operator may admit from the green room. One who was removed waits like anybody else, and may not."""
INSIDE = frozenset({SeatState.ADMITTED})


class Rule(NamedTuple):
    roles: frozenset[Role]
    seats: frozenset[SeatState]


RULES: dict[type[ClientMessage], Rule] = {
    m.Knock: Rule(ATTENDING, KNOCKING),
    m.Withdraw: Rule(ATTENDING, frozenset({SeatState.WAITING})),
    m.Offer: Rule(ATTENDING, INSIDE),
    m.SetSource: Rule(ATTENDING, INSIDE),
    m.CheckLine: Rule(ATTENDING, frozenset({SeatState.OUTSIDE, SeatState.WAITING})),
    m.EndCheck: Rule(ATTENDING, frozenset(SeatState)),  # it may cross the admission that ends the check
    m.Show: Rule(ATTENDING, INSIDE),
    m.Leave: Rule(ATTENDING, INSIDE),
    m.Admit: Rule(STAFF, AT_THE_DOOR),
    m.AdmitAll: Rule(STAFF, AT_THE_DOOR),
    m.Refuse: Rule(STAFF, AT_THE_DOOR),
    m.Mute: Rule(STAFF, INSIDE),
    m.Unmute: Rule(STAFF, INSIDE),
    m.MuteAll: Rule(STAFF, INSIDE),
    m.Kick: Rule(STAFF, INSIDE),
    m.EndMeeting: Rule(STAFF, INSIDE),
}


def refusal(kind: type[ClientMessage], role: Role, seat: SeatState) -> Why | None:
    """Why someone of this role at this place may not send this, or None."""
    rule = RULES.get(kind)
    if rule is None:
        return Why.OUT_OF_ORDER
    if role not in rule.roles:
        return Why.NOT_ALLOWED
    if seat not in rule.seats:
        return Why.NOT_ADMITTED if SeatState.ADMITTED in rule.seats else Why.OUT_OF_ORDER
    return None
