"""How many WebSockets there may be, and who gives way."""

from dataclasses import dataclass, replace

from signaling.model.ids import AccountId
from signaling.model.limits import DEFAULT
from signaling.session.shares import SessionShares

FEW = replace(DEFAULT, sessions=20, sessions_of_network=10, sessions_of_account=3)


@dataclass(eq=False)
class Page:
    entered: bool = False


def opened(shares: SessionShares, account: str, network: str = "203.0.113.7", entered: bool = False) -> Page:
    page = Page(entered)
    assert shares.take(page, AccountId(account), network) is None
    return page


def test_two_buildings_with_two_pages_of_each_point_have_room() -> None:
    shares = SessionShares(DEFAULT)
    for number in range(2 * 60 * 2):
        opened(shares, f"a{number // 2}", f"203.0.113.{number % 2}")


def test_an_accounts_newest_page_always_gets_in() -> None:
    shares = SessionShares(FEW)
    entered = opened(shares, "a", entered=True)
    waiting = [opened(shares, "a"), opened(shares, "a")]
    newest = Page()
    assert shares.take(newest, AccountId("a"), "203.0.113.7") is waiting[0]
    waiting[1].entered = newest.entered = True
    assert shares.take(Page(), AccountId("a"), "203.0.113.7") is entered
    assert len(shares) == 3


def test_one_account_takes_no_place_from_another() -> None:
    shares = SessionShares(FEW)
    other = opened(shares, "b")
    for _ in range(100):
        gives_way = shares.take(Page(), AccountId("a"), "203.0.113.7")
        assert gives_way is not other
    assert len(shares) == 1 + FEW.sessions_of_account


def test_in_a_network_that_is_full_the_oldest_outside_gives_way() -> None:
    shares = SessionShares(FEW)
    for number in range(5):
        opened(shares, f"in{number}", entered=True)
    outside = [opened(shares, f"out{number}") for number in range(5)]
    for expected in outside:
        assert shares.take(Page(entered=True), AccountId(f"late{id(expected)}"), "203.0.113.7") is expected


def test_where_everybody_is_inside_a_newcomer_is_refused() -> None:
    shares = SessionShares(FEW)
    for number in range(10):
        opened(shares, f"a{number}", entered=True)
    page = Page()
    assert shares.take(page, AccountId("late"), "203.0.113.7") is page
    shares.leave(page)
    assert len(shares) == 10
    opened(shares, "late", "198.51.100.9")


def test_a_full_server_takes_the_place_from_the_network_that_has_most() -> None:
    shares = SessionShares(FEW)
    opened(shares, "alone", "198.51.100.1")
    many = [opened(shares, f"a{number}", "203.0.113.7") for number in range(10)]
    for number in range(9):
        opened(shares, f"b{number}", "203.0.113.8")
    assert shares.take(Page(), AccountId("new"), "198.51.100.2") is many[0]
