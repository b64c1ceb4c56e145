"""Mistakes fade and belong to the account at its address; guessing stays bounded; nobody is kept out by
others."""

import heapq

import pytest

from signaling.accounts.throttle import (
    ADDRESS,
    ADDRESS_KNOWN,
    AMONG_NEIGHBOURS,
    AMONG_STRANGERS,
    HERE,
    HERE_KNOWN,
    MAX_CAME_FROM,
    SIGN_INS,
    Bound,
    CameFrom,
    Throttle,
    Try,
    Wait,
)
from signaling.connections.bucket import Bucket
from tests.door.mornings import mornings

HOUR_S, DAY_S = 3600.0, 86_400.0
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"


def wrong(throttle: Throttle, login: str, address: str, now_s: float) -> int:
    """A wrong password. The seconds to wait; 0: it was checked."""
    attempt = throttle.attempt(login, address, now_s)
    if isinstance(attempt, Wait):
        return attempt.seconds
    throttle.failed(attempt, now_s)
    return 0


def right(throttle: Throttle, login: str, address: str, now_s: float) -> bool:
    """The right password: whether it signs in."""
    attempt = throttle.attempt(login, address, now_s)
    if isinstance(attempt, Wait):
        return False
    throttle.succeeded(attempt)
    return True


def guesses(throttle: Throttle, logins: int, addresses: int) -> int:
    """Wrong passwords that are checked when all addresses together try as often as they are let."""
    due = [(0.0, number) for number in range(addresses)]
    checked = 0
    while due[0][0] < HOUR_S:
        now_s, number = due[0]
        waits = [
            wrong(throttle, f"login-{one}", f"10.{number >> 8}.{number & 255}.1", now_s)
            for one in range(logins)
        ]
        checked += waits.count(0)
        heapq.heapreplace(due, (now_s + max(1, min(waits)), number))
    return checked


def most(bound: Bound, seconds: float = HOUR_S) -> float:
    return min(leak.capacity + seconds / leak.every_s for leak in bound)


def test_some_tries_are_free_then_there_is_one_every_forty_seconds() -> None:
    throttle = Throttle()
    assert [wrong(throttle, "a", HOME, 0.0) for _ in range(9)] == [0] * 8 + [40]
    assert wrong(throttle, "a", HOME, 39.0) == 1
    assert wrong(throttle, "a", HOME, 40.0) == 0
    assert wrong(throttle, "a", HOME, 40.0) == 40


def test_mistakes_fade_by_themselves_and_a_right_password_forgets_them() -> None:
    throttle = Throttle()
    for _ in range(8):
        wrong(throttle, "a", HOME, 0.0)
    assert [wrong(throttle, "a", HOME, 8 * 40.0) for _ in range(9)] == [0] * 8 + [40]
    assert right(throttle, "a", HOME, 9 * 40.0)
    assert [wrong(throttle, "a", HOME, 9 * 40.0) for _ in range(9)] == [0] * 8 + [40]


def test_many_tries_at_once_gain_nothing() -> None:
    throttle = Throttle()
    attempts = [throttle.attempt("a", HOME, 0.0) for _ in range(100)]
    assert sum(isinstance(one, Try) for one in attempts) == HERE[0].capacity


def test_a_try_whose_password_was_not_checked_costs_nothing() -> None:
    throttle = Throttle()
    for _ in range(100):
        attempt = throttle.attempt("a", HOME, 0.0)
        assert isinstance(attempt, Try)
        throttle.given_back(attempt)


@pytest.mark.parametrize("polls", [1, 10])
def test_an_attack_on_an_account_keeps_its_owner_out_neither_at_home_nor_at_a_colleagues(polls: int) -> None:
    throttle = Throttle(CameFrom([("chu-tri", HOME), ("khoa-nhi", "203.0.113.4")]))
    for second in range(700):
        for address in range(polls):
            wrong(throttle, "chu-tri", f"198.51.100.{address}", float(second))
        if second % 15 == 0:
            assert right(throttle, "chu-tri", HOME, float(second))
            assert right(throttle, "chu-tri", "203.0.113.4", float(second))


def test_one_attacker_keeps_the_owner_out_nowhere() -> None:
    throttle = Throttle()
    for second in range(700):
        wrong(throttle, "chu-tri", ELSEWHERE, float(second))
        if second >= 14 and second % 15 == 0:
            assert right(throttle, "chu-tri", f"192.0.2.{second % 250}", float(second))


def test_fifty_right_passwords_at_once_from_one_new_address_all_go_through() -> None:
    throttle = Throttle()
    attempts = [throttle.attempt(f"khoa-{number}", HOME, 0.0) for number in range(100)]
    assert not any(isinstance(one, Wait) for one in attempts)


def test_an_address_that_keeps_failing_at_many_accounts_is_slowed_and_nobody_else_is() -> None:
    throttle = Throttle()
    waits = [wrong(throttle, f"tram-{number}", ELSEWHERE, 0.0) for number in range(40)]
    assert waits.count(0) == ADDRESS[0].capacity
    assert right(throttle, "tram-1", HOME, 0.0)


def test_an_address_that_polls_while_it_is_told_to_wait_gets_nothing_and_recovers_within_70_seconds() -> None:
    throttle = Throttle()
    for number in range(int(ADDRESS[0].capacity)):
        wrong(throttle, f"tram-{number}", ELSEWHERE, 0.0)
    for tenth in range(3000):
        assert wrong(throttle, f"tram-{tenth % 40}", ELSEWHERE, tenth / 10) > 0
    assert right(throttle, "khoa-noi", ELSEWHERE, 300.0 + 70.0)


def test_an_account_that_came_from_an_address_before_passes_there_however_much_it_fails() -> None:
    throttle = Throttle(CameFrom([("khoa-nhi", HOME)]))
    for number in range(2 * int(ADDRESS_KNOWN[0].capacity)):
        wrong(throttle, f"tram-{number}", HOME, 0.0)
    assert wrong(throttle, "one-more", HOME, 0.0) > 0
    assert right(throttle, "khoa-nhi", HOME, 0.0)


def test_a_right_password_in_a_loop_is_slowed_to_one_a_second() -> None:
    throttle = Throttle()
    signed_in = sum(right(throttle, "a", HOME, number / 10) for number in range(600))
    assert signed_in <= SIGN_INS[0].capacity + 60


def test_guessing_is_bounded() -> None:
    assert guesses(Throttle(), logins=1, addresses=1) <= most(HERE)
    assert guesses(Throttle(), logins=1, addresses=20) <= most(AMONG_STRANGERS)
    assert guesses(Throttle(), logins=40, addresses=1) <= most(ADDRESS)
    assert (most(HERE, DAY_S), most(AMONG_STRANGERS, DAY_S), most(ADDRESS, DAY_S)) == (156, 488, 1164)


def test_guessing_from_where_colleagues_sit_or_the_owner_is_bounded() -> None:
    neighbours = [(f"colleague-{number}", f"10.0.{number}.1") for number in range(20)]
    assert guesses(Throttle(CameFrom(neighbours)), logins=1, addresses=20) <= most(AMONG_NEIGHBOURS)
    at_home = CameFrom([("login-0", f"10.0.{number}.1") for number in range(MAX_CAME_FROM)])
    assert guesses(Throttle(at_home), logins=1, addresses=MAX_CAME_FROM) <= MAX_CAME_FROM * most(HERE_KNOWN)
    assert (most(AMONG_NEIGHBOURS, DAY_S), most(HERE_KNOWN, DAY_S)) == (976, 2168)


def test_an_account_is_known_at_its_newest_addresses() -> None:
    came_from = CameFrom()
    for number in range(MAX_CAME_FROM + 1):
        came_from.add("a", f"192.0.2.{number}")
    assert not came_from.did("a", "192.0.2.0")
    assert came_from.did("a", "192.0.2.1")
    assert came_from.anybody("192.0.2.0")
    assert not came_from.did("b", "192.0.2.1")


def test_what_is_remembered_is_bounded() -> None:
    throttle = Throttle(CameFrom(max_known=200), max_records=100)
    for number in range(300):
        attempt = throttle.attempt(
            f"login-{number}", f"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}", 0.0
        )
        assert isinstance(attempt, Try)
        throttle.failed(attempt, 0.0)
        throttle.succeeded(attempt)
    assert len(throttle) <= 6 * 100
    assert len(throttle.came_from) == 200


def test_a_class_of_fifty_behind_one_address_is_inside_within_a_minute_of_its_last_mistake() -> None:
    figures = mornings(count=10, seed=11)
    assert figures.people == 500
    assert figures.worst_s <= 60.0
    assert figures.owner_refused == 0


def test_a_bucket_gives_its_burst_and_then_its_pace() -> None:
    bucket = Bucket(per_s=2.0, burst=3, now_s=0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.5), bucket.take(0.5), bucket.take(100.0)] == [True, False, True]
