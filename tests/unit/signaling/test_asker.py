"""Who asks: the right-most address that is no proxy of ours, and nobody's own claim."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.http.asker import Asker, BadForwarding, asker_of, forwarded_untrusted
from signaling.model.addresses import NO_PROXIES, Proxies, network

PROXIES = Proxies(("192.0.2.10", "10.1.0.0/24", "fd00:7::/64", "127.0.0.1"))


def asker(peer: str, *forwarded_for: str, proxies: Proxies = PROXIES) -> Asker:
    return asker_of(peer, forwarded_for, bool(forwarded_for), proxies)


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        (("203.0.113.5",), "203.0.113.5"),
        (("198.51.100.1, 203.0.113.5",), "203.0.113.5"),  # what the client brought along counts for nothing
        (("198.51.100.1", "203.0.113.5"), "203.0.113.5"),  # the same in two lines
        (("203.0.113.5, 10.1.0.7",), "203.0.113.5"),  # two proxies of ours, one behind the other
        (("203.0.113.5, 10.2.0.7",), "10.2.0.7"),  # a proxy that nobody named is the client
        (("2001:db8::1, fd00:7::2",), "2001:db8::1"),
        (("[2001:db8::1]:443",), "2001:db8::1"),
        (("203.0.113.5:61000",), "203.0.113.5"),
        (("::ffff:203.0.113.5",), "203.0.113.5"),
        (("203.0.113.5, unknown",), "192.0.2.10"),
        (("",), "192.0.2.10"),
        (("10.1.0.7, 10.1.0.8",), "10.1.0.7"),  # a client inside the proxies' own network
        ((), "192.0.2.10"),
    ],
)
def test_the_client_is_the_right_most_address_that_is_no_proxy(
    forwarded_for: tuple[str, ...], address: str
) -> None:
    assert asker("192.0.2.10", *forwarded_for).address == address


def test_what_others_forward_counts_for_nothing() -> None:
    assert asker("203.0.113.9", "198.51.100.1") == Asker("203.0.113.9", local=False, proxy=False)
    assert asker("127.0.0.1", "198.51.100.1", proxies=NO_PROXIES).address == "127.0.0.1"


def test_a_forwarded_request_is_never_local() -> None:
    assert asker("127.0.0.1").local
    assert asker("::1").local
    assert asker("::ffff:127.0.0.1").local
    assert not asker("203.0.113.5").local
    for proxies in (PROXIES, NO_PROXIES):  # also when the administrator forgot to name the proxy
        assert not asker("127.0.0.1", "203.0.113.5", proxies=proxies).local
        assert not asker("127.0.0.1", "127.0.0.1", proxies=proxies).local
        assert not asker_of("127.0.0.1", (), True, proxies).local


def test_a_chain_without_end_costs_no_more_than_a_short_one() -> None:
    assert asker("192.0.2.10", ", ".join(["203.0.113.5"] + ["10.1.0.7"] * 2000)).address == "10.1.0.7"


@given(st.text() | st.from_regex(r"[0-9a-f:.\[\]%, ]{0,70}", fullmatch=True))
def test_any_text_is_an_address_or_a_bad_forwarding(entry: str) -> None:
    with contextlib.suppress(BadForwarding):
        assert str(forwarded_untrusted(entry)) != ""


@given(st.lists(st.text(), max_size=4), st.text())
def test_whatever_is_forwarded_somebody_asks(lines: list[str], peer: str) -> None:
    assert asker_of("192.0.2.10", lines, True, PROXIES).proxy
    assert not asker_of(peer, lines, True, NO_PROXIES).local


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0", "here", "10.1.0.0/99"])
def test_nobody_trusts_everybody(everybody: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        Proxies((everybody,))


def test_an_ipv6_subscriber_counts_as_one_address() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:2") != network("2001:db8:0:1::1")
    assert network("::ffff:192.0.2.7") == network("192.0.2.7")


@given(st.text())
def test_any_text_counts_as_some_address(text: str) -> None:
    assert len(network(text)) <= 64
