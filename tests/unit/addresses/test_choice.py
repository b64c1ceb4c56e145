"""Which addresses of a machine count, and in which order."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.addresses.choice import MAX_ADDRESSES, MAX_OF_A_CARD, Found, choose
from sfu.addresses.netlink import (
    DAD_FAILED,
    DEPRECATED,
    OPTIMISTIC,
    TEMPORARY,
    TENTATIVE,
    CardAddress,
)

LO, ETH, WIFI, BRIDGE = 1, 2, 3, 7


def at(card: int, host: str, flags: int = 0) -> CardAddress:
    return CardAddress(ip_address(host), card, flags)


LOOPBACK = (at(LO, "127.0.0.1"), at(LO, "::1"))


def test_cards_come_in_their_order_ipv4_before_ipv6_and_loopback_last() -> None:
    found = choose([*LOOPBACK, at(WIFI, "192.0.2.9"), at(ETH, "fd00::2"), at(ETH, "198.51.100.2")])
    assert found == Found(("198.51.100.2", "fd00::2", "192.0.2.9", "127.0.0.1", "::1"))


def test_a_machine_without_a_network_has_its_loopback() -> None:
    assert choose(LOOPBACK) == Found(("127.0.0.1", "::1"))
    assert choose([]) == Found()


def test_without_ipv6_the_others_are_there() -> None:
    assert choose([at(LO, "127.0.0.1"), at(ETH, "192.0.2.2")]) == Found(("192.0.2.2", "127.0.0.1"))


@pytest.mark.parametrize("flags", [TENTATIVE, TENTATIVE | DAD_FAILED, DAD_FAILED])
def test_an_address_that_may_not_be_used_yet_is_waited_for(flags: int) -> None:
    found = choose([at(ETH, "192.0.2.2"), at(ETH, "fd00::2", flags)])
    assert found == Found(("192.0.2.2",), ("fd00::2",))


def test_an_address_that_is_used_before_its_check_has_ended_counts() -> None:
    assert choose([at(ETH, "fd00::2", TENTATIVE | OPTIMISTIC)]) == Found(("fd00::2",))


def test_an_address_that_is_a_duplicate_on_one_card_and_good_on_another_counts_once() -> None:
    assert choose([at(ETH, "fd00::2", TENTATIVE | DAD_FAILED), at(WIFI, "fd00::2")]) == Found(("fd00::2",))


def test_an_address_on_two_cards_counts_once() -> None:
    assert choose([at(WIFI, "192.0.2.2"), at(ETH, "192.0.2.2")]) == Found(("192.0.2.2",))


def test_temporary_addresses_of_ipv6_are_left_out_and_second_ones_of_ipv4_are_not() -> None:
    found = choose(
        [
            at(ETH, "2001:db8::1"),
            at(ETH, "2001:db8::abcd", TEMPORARY),
            at(ETH, "2001:db8::beef", TEMPORARY | DEPRECATED),
            at(ETH, "192.0.2.3", TEMPORARY),
        ]
    )
    assert found == Found(("192.0.2.3", "2001:db8::1"))


def test_a_deprecated_address_comes_after_the_others() -> None:
    found = choose([at(ETH, "192.0.2.2", DEPRECATED), at(WIFI, "fd00::3"), *LOOPBACK])
    assert found == Found(("fd00::3", "192.0.2.2", "127.0.0.1", "::1"))


def test_a_card_with_nothing_but_a_link_local_address_of_ipv4_is_reached_there() -> None:
    assert choose([at(ETH, "169.254.7.7"), at(ETH, "fe80::7"), *LOOPBACK]) == Found(
        ("169.254.7.7", "127.0.0.1", "::1")
    )


def test_link_local_addresses_are_left_out_beside_better_ones() -> None:
    found = choose([at(ETH, "169.254.7.7"), at(ETH, "192.0.2.2"), at(ETH, "fe80::7")])
    assert found == Found(("192.0.2.2",))


def test_a_dozen_bridges_follow_the_cards_of_the_machine() -> None:
    bridges = [at(BRIDGE + n, f"172.{17 + n}.0.1") for n in range(12)]
    found = choose([*bridges, *LOOPBACK, at(ETH, "192.0.2.2"), at(ETH, "fd00::2")])
    assert found.usable[:2] == ("192.0.2.2", "fd00::2")
    assert found.usable[2:14] == tuple(str(bridge.ip) for bridge in bridges)
    assert found.left_out == 0


def test_prefixes_announced_on_one_network_crowd_out_neither_another_card_nor_loopback() -> None:
    flood = [at(ETH, f"2001:db8:{n}::1") for n in range(1, 40)]
    many = [at(10 + n, f"10.0.{n}.1") for n in range(40)]
    found = choose([*flood, at(ETH, "192.0.2.2"), at(WIFI, "198.51.100.2"), *many, *LOOPBACK])
    assert found.usable[0] == "192.0.2.2"
    assert found.usable[MAX_OF_A_CARD] == "198.51.100.2"
    assert found.usable[-2:] == ("127.0.0.1", "::1")
    assert len(found.usable) == MAX_ADDRESSES
    assert found.left_out == len(flood) + len(many) + 4 - MAX_ADDRESSES


_ANY = st.builds(
    CardAddress,
    st.ip_addresses() | st.sampled_from([a.ip for a in LOOPBACK]),
    st.integers(1, 6),
    st.integers(0, 255),
)


@given(st.lists(_ANY, max_size=60))
def test_the_choice_is_bounded_without_doubles_and_does_not_depend_on_the_order(
    addresses: list[CardAddress],
) -> None:
    found = choose(addresses)
    assert len(found.usable) <= MAX_ADDRESSES
    assert len(set(found.usable)) == len(found.usable)
    assert not set(found.usable) & set(found.waiting)
    assert {*found.usable, *found.waiting} <= {str(a.ip) for a in addresses}
    assert set(choose(reversed(addresses)).waiting) == set(found.waiting)
