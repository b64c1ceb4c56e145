"""The lite agent: which address it sends to, table by table."""

from dataclasses import dataclass

import pytest

from sfu.transport import stun
from sfu.transport.budget import Budget
from sfu.transport.ice import (
    MAX_CREDENTIALS,
    MAX_PATHS,
    QUIET_S,
    STALE_AFTER_S,
    Change,
    Checked,
    Credentials,
    IceLite,
    Path,
)
from sfu.transport.stun import Attribute, Kind

A, B, C = Path(0, ("192.0.2.10", 5000)), Path(0, ("192.0.2.10", 5001)), Path(-1, ("192.0.2.10", 6000), 7)
NONE, NOMINATED, MOVED = Change.NONE, Change.NOMINATED, Change.MOVED
KEY = b"password"


@dataclass(slots=True)
class Agent:
    """An agent and its checks, all authentic."""

    ice: IceLite

    def check(
        self,
        path: Path,
        now: float,
        *,
        nominate: bool = False,
        extra: tuple[int, ...] = (),
        media_at: float = -1000.0,
    ) -> Checked:
        attributes = [(name, b"") for name in (*extra, *([Attribute.USE_CANDIDATE] if nominate else []))]
        request = stun.build(Kind.REQUEST, bytes(12), attributes, KEY)
        verified = stun.verify(stun.parse_untrusted(request), KEY)
        return self.ice.on_check(verified, KEY, path, now, media_at)


@pytest.fixture
def agent() -> Agent:
    return Agent(IceLite(Credentials("ours", KEY.decode())))


@pytest.mark.parametrize(
    ("checks", "changes", "final"),
    [
        ([(A, 0.0, False)], [NOMINATED], A),
        ([(A, 0.0, True), (A, 2.0, True)], [NOMINATED, NONE], A),
        ([(A, 0.0, False), (B, 0.1, False)], [NOMINATED, NONE], A),
        ([(A, 0.0, False), (B, 0.1, True)], [NOMINATED, MOVED], B),
        ([(A, 0.0, True), (B, STALE_AFTER_S - 0.1, False)], [NOMINATED, NONE], A),
        ([(A, 0.0, True), (B, STALE_AFTER_S + 0.1, False)], [NOMINATED, MOVED], B),
        ([(A, 0.0, True), (A, 3.0, False), (B, 4.0, False)], [NOMINATED, NONE, NONE], A),
        ([(A, 0.0, True), (C, 0.1, True), (A, 0.2, True)], [NOMINATED, MOVED, MOVED], A),
        # checks from elsewhere do not keep the nominated one alive
        ([(A, 0.0, True), (B, 2.0, False), (B, 3.6, False)], [NOMINATED, NONE, MOVED], B),
    ],
)
def test_the_address_follows_the_checks(
    agent: Agent, checks: list[tuple[Path, float, bool]], changes: list[Change], final: Path
) -> None:
    assert [agent.check(path, at, nominate=flag).change for path, at, flag in checks] == changes
    assert agent.ice.path == final


@pytest.mark.parametrize(
    ("checks", "final"),
    [
        # (path, check at, last media at): a rebinding right after a check, the next one is not nominating
        ([(A, 10.0, 9.99), (B, 11.5, 10.2)], B),
        ([(A, 10.0, 9.99), (B, 10.0 + QUIET_S - 0.1, 10.0)], A),
        # it still sends from there: a second network that is tried meanwhile changes nothing
        ([(A, 10.0, 9.99), (B, 12.0, 11.99), (B, 13.0, 12.99)], A),
        # it sent rarely before: silence says nothing
        ([(A, 10.0, 8.0), (B, 12.0, 8.0)], A),
        # tried early and accepted: from then on media may be B's, and only checks tell
        ([(A, 10.0, 9.99), (B, 10.5, 10.1), (B, 11.7, 10.1)], A),
        # A checks again in between and is alive
        ([(A, 10.0, 9.99), (B, 10.5, 10.4), (A, 10.9, 10.89), (B, 11.3, 11.29)], A),
    ],
)
def test_a_client_that_sent_all_the_time_is_missed_sooner(
    agent: Agent, checks: list[tuple[Path, float, float]], final: Path
) -> None:
    for path, at, media_at in checks:
        agent.check(path, at, media_at=media_at)
    assert agent.ice.path == final


def test_an_address_is_left_when_its_client_is_heard_from_the_next_one(agent: Agent) -> None:
    agent.check(A, 1.0, nominate=True)
    assert not agent.ice.has_left(A)
    assert agent.ice.has_left(B)
    agent.check(B, 2.0)
    assert not agent.ice.has_left(B), "it may be tried just now"
    agent.check(B, 3.0, nominate=True)
    assert agent.ice.has_left(A)
    assert not agent.ice.has_left(B)


def test_every_check_is_answered_with_the_address_it_came_from(agent: Agent) -> None:
    for path in (A, B, Path(1, ("2001:db8::1", 9))):
        message = stun.verify(stun.parse_untrusted(agent.check(path, 0.0).reply), KEY).message
        value = message.attributes[Attribute.XOR_MAPPED_ADDRESS]
        assert stun.unxor_address_untrusted(value, message.transaction) == path.address


@pytest.mark.parametrize(("extra", "code"), [(Attribute.ICE_CONTROLLED, b"\x04\x57"), (0x7ABC, b"\x04\x14")])
def test_a_check_that_is_refused_changes_nothing(agent: Agent, extra: int, code: bytes) -> None:
    checked = agent.check(A, 0.0, nominate=True, extra=(extra,))
    message = stun.parse_untrusted(checked.reply)
    assert message.kind is Kind.ERROR
    assert message.attributes[Attribute.ERROR_CODE][2:4] == code
    assert not checked.accepted
    assert agent.ice.path is None
    assert agent.ice.last_heard() is None


def test_a_lost_address_is_left_at_the_next_check(agent: Agent) -> None:
    agent.check(C, 0.0, nominate=True)
    agent.ice.forget(C)
    assert agent.check(A, 0.1).change is MOVED


def test_the_addresses_of_one_client_are_bounded(agent: Agent) -> None:
    agent.check(A, 0.0, nominate=True)
    others = [Path(0, ("192.0.2.10", 7000 + n)) for n in range(MAX_PATHS)]
    forgotten = [agent.check(path, 1.0 + n).forgotten for n, path in enumerate(others[:3])]
    assert forgotten == [None] * 3
    forgotten = [agent.check(path, 1.1).forgotten for path in others[3:]]
    assert forgotten == [None] * (MAX_PATHS - 4) + [others[0]]
    assert A in set(agent.ice.paths)  # the nominated one stays, however old


def test_old_passwords_hold_during_a_restart(agent: Agent) -> None:
    assert agent.ice.restart(Credentials("new", "n" * 32)) == ()
    assert agent.ice.credentials.ufrag == "new"
    assert agent.ice.password("ours") == KEY
    assert agent.ice.password("new") == b"n" * 32
    assert agent.ice.password("nobody") is None


def test_endless_restarts_keep_the_newest_passwords(agent: Agent) -> None:
    lost = [agent.ice.restart(Credentials(f"u{n}", "p" * 32)) for n in range(MAX_CREDENTIALS)]
    assert lost == [()] * (MAX_CREDENTIALS - 1) + [("ours",)]
    assert agent.ice.password("ours") is None


def test_a_budget_lets_a_burst_pass_and_then_a_rate() -> None:
    budget = Budget(rate_hz=10, burst=3)
    assert [budget.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert not budget.take(100.05)
    assert budget.take(100.16)
    assert [budget.take(200.0) for _ in range(4)] == [True, True, True, False]
