"""The table of rights, read row by row."""

from typing import get_args

from signaling import messages as m
from signaling.messages import Role, SeatState, Why
from signaling.roles import RULES, refusal


def test_every_message_but_hello_and_ping_has_a_row() -> None:
    assert set(get_args(m.AnyClientMessage)) - set(RULES) == {m.Hello, m.Ping}


def test_a_sysadmin_may_do_nothing_in_a_meeting() -> None:
    for kind in RULES:
        for seat in SeatState:
            assert refusal(kind, Role.SYSADMIN, seat) is Why.NOT_ALLOWED


def test_delegates_and_technicians_rule_over_nobody() -> None:
    ruling: set[type[m.ClientMessage]] = {
        m.Admit,
        m.AdmitAll,
        m.Refuse,
        m.Mute,
        m.Unmute,
        m.MuteAll,
        m.Kick,
        m.EndMeeting,
    }
    for kind in ruling:
        for role in (Role.DELEGATE, Role.TECHNICIAN):
            assert refusal(kind, role, SeatState.ADMITTED) is Why.NOT_ALLOWED


def test_nobody_acts_inside_who_is_not_inside() -> None:
    for kind in (m.Offer, m.SetSource, m.Show, m.Leave, m.Mute, m.MuteAll, m.Kick, m.EndMeeting):
        for seat in (SeatState.OUTSIDE, SeatState.WAITING, SeatState.REFUSED):
            assert refusal(kind, Role.CHAIR, seat) is Why.NOT_ADMITTED
