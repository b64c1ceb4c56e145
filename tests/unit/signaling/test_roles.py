"""The table of rights, read row by row."""

from typing import get_args

import pytest

from signaling import protocol as m
from signaling.model.ids import ParticipantId
from signaling.model.words import Role, SeatState, Why
from signaling.room.state.roles import RULES, refusal, table
from signaling.room.state.seat import Seat
from tests.arch.source import ROOT
from tests.support.control_room import account

OVER_OTHERS: tuple[type[m.ClientMessage], ...] = (
    *(m.Admit, m.AdmitAll, m.Refuse, m.Ban, m.Lift, m.SendBack, m.Kick, m.Lock, m.Decide),
    *(m.Mute, m.Unmute, m.MuteAll, m.EndMeeting, m.CorrectDeparture),
)
THE_CHAIRS: tuple[type[m.ClientMessage], ...] = (
    *(m.InviteNext, m.Invite, m.ExtendTurn, m.Skip, m.Return, m.GoRound, m.SetRules, m.HandChair),
)


def seat(role: Role, state: SeatState = SeatState.ADMITTED, acting: Role | None = None) -> Seat:
    return Seat(ParticipantId("p"), account("one", role), state, acting=acting)


def test_every_message_but_hello_and_ping_has_a_row() -> None:
    assert set(get_args(m.AnyClientMessage)) - set(RULES) == {m.Hello, m.Ping}


def test_a_sysadmin_may_do_nothing_in_a_meeting() -> None:
    for kind in RULES:
        for state in SeatState:
            assert refusal(kind, seat(Role.SYSADMIN, state)) is Why.NOT_ALLOWED


@pytest.mark.parametrize("role", [Role.DELEGATE, Role.TECHNICIAN])
def test_delegates_and_technicians_have_no_power_over_others(role: Role) -> None:
    ruling: tuple[type[m.ClientMessage], ...] = (m.LendChair, m.TakeChair)
    for kind in (*OVER_OTHERS, *THE_CHAIRS, *ruling):
        assert refusal(kind, seat(role)) is Why.NOT_ALLOWED


def test_only_the_chair_gives_the_floor() -> None:
    for kind in THE_CHAIRS:
        assert refusal(kind, seat(Role.CHAIR)) is None
        assert refusal(kind, seat(Role.OPERATOR)) is Why.NOT_ALLOWED


def test_an_acting_chair_has_the_chairs_rights_and_a_chair_who_gave_it_away_does_not() -> None:
    for kind in (*OVER_OTHERS, *THE_CHAIRS):
        assert refusal(kind, seat(Role.DELEGATE, acting=Role.CHAIR)) is None
        assert refusal(kind, seat(Role.CHAIR, acting=Role.DELEGATE)) is Why.NOT_ALLOWED


def test_only_the_accounts_own_chair_can_take_the_chair_back() -> None:
    assert refusal(m.TakeChair, seat(Role.CHAIR, acting=Role.DELEGATE)) is None
    assert refusal(m.TakeChair, seat(Role.DELEGATE, acting=Role.CHAIR)) is Why.NOT_ALLOWED


def test_nobody_can_act_inside_without_being_inside() -> None:
    inside: tuple[type[m.ClientMessage], ...] = (
        *(m.Offer, m.SetSource, m.Show, m.Leave, m.Ask, m.Mute, m.MuteAll, m.Kick, m.EndMeeting),
    )
    for kind in (*inside, *THE_CHAIRS):
        for state in (SeatState.OUTSIDE, SeatState.WAITING, SeatState.REFUSED):
            assert refusal(kind, seat(Role.CHAIR, state)) is Why.NOT_ADMITTED


def test_a_speech_can_be_registered_from_outside_but_not_after_a_refusal() -> None:
    for state in (SeatState.OUTSIDE, SeatState.WAITING, SeatState.ADMITTED):
        assert refusal(m.RegisterSpeech, seat(Role.DELEGATE, state)) is None
    assert refusal(m.RegisterSpeech, seat(Role.DELEGATE, SeatState.REFUSED)) is Why.NOT_ADMITTED


def test_people_in_the_lobby_can_talk_and_a_delegate_inside_cannot() -> None:
    assert refusal(m.Talk, seat(Role.DELEGATE, SeatState.WAITING)) is None
    assert refusal(m.Talk, seat(Role.OPERATOR)) is None
    assert refusal(m.Talk, seat(Role.DELEGATE)) is not None


def test_the_table_in_the_documents_is_the_one_of_the_rules() -> None:
    text = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8")
    assert text == table(), "stale: run python -m signaling.room.state.roles > docs/roles.md"
