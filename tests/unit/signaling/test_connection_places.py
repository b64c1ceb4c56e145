"""How many connections there may be, and who gives way."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from signaling.connections.places import (
    MAX_IN_ALL,
    MAX_OF_ACCOUNT,
    MAX_OF_NETWORK,
    RESERVED_DESCRIPTORS,
    Foothold,
    Shares,
    Stage,
    Turns,
)

PLENTY = 1 << 16


class Door:
    """Shares, and what the shell does with what they answer: who gives way leaves at once."""

    def __init__(self, descriptors: int = PLENTY) -> None:
        self.shares = Shares(descriptors)
        self.there: dict[Foothold, None] = {}
        self.gone: list[Foothold] = []

    def arrive(self, network: str, stage: Stage = Stage.ARRIVED, account: str = "") -> Foothold:
        foothold, too_many = self.shares.arrive(network)
        self.there[foothold] = None
        self._end(too_many)
        for further in (Stage.GREETING, Stage.ASKING):
            if further <= stage and foothold in self.there:
                self._end(self.shares.advance(foothold, further))
        if stage is Stage.INSIDE:
            self.prove(foothold, account)
        return foothold

    def prove(self, foothold: Foothold, account: str) -> None:
        self._end(self.shares.prove(foothold, account))

    def leave(self, foothold: Foothold) -> None:
        self.shares.leave(foothold)
        del self.there[foothold]

    def _end(self, foothold: Foothold | None) -> None:
        if foothold is not None:
            self.leave(foothold)
            self.gone.append(foothold)


def test_two_buildings_of_sixty_points_behind_two_addresses_fit_in() -> None:
    door = Door()
    for building in ("203.0.113.7", "2001:0db8:0001:0002"):
        for point in range(60):
            for _ in range(7):
                door.arrive(building, Stage.INSIDE, f"{building} {point}")
    assert door.gone == []
    assert door.shares.count(Stage.INSIDE) == 2 * 60 * 7


def test_a_building_that_loads_its_pages_at_once_fits_in_before_anybody_has_signed_in() -> None:
    door = Door()
    for _ in range(60 * 6):
        door.arrive("203.0.113.7", Stage.ASKING)
    assert door.gone == []


def test_a_flood_takes_the_place_of_its_own_oldest() -> None:
    door = Door()
    somebody = door.arrive("198.51.100.9")
    flood = [door.arrive("203.0.113.7") for _ in range(MAX_OF_NETWORK[Stage.ARRIVED] + 10)]
    assert door.gone == flood[:10]
    assert somebody in door.there


def test_a_flood_from_many_networks_takes_places_from_the_network_that_has_most() -> None:
    door = Door()
    flood = [door.arrive(f"10.0.{number % 4}.1") for number in range(MAX_IN_ALL[Stage.ARRIVED])]
    newcomer = door.arrive("198.51.100.9")
    for number in range(100):
        door.arrive(f"10.0.{number % 4}.1")
    assert newcomer in door.there
    assert set(door.gone) <= set(flood)


def test_silent_connections_take_no_place_from_those_that_have_come_further() -> None:
    door = Door()
    asking = door.arrive("203.0.113.7", Stage.ASKING)
    for _ in range(2000):
        door.arrive("203.0.113.7")
        door.arrive("203.0.113.7", Stage.GREETING)
    assert asking in door.there


def test_nobody_who_has_signed_in_gives_way_to_strangers_of_the_same_building() -> None:
    door = Door()
    inside = door.arrive("203.0.113.7", Stage.INSIDE, "a1")
    for _ in range(2000):
        door.arrive("203.0.113.7", Stage.ASKING)
    assert inside in door.there


def test_somebody_who_reloads_during_a_flood_has_the_time_of_a_slow_line() -> None:
    """1,000 connections a second from the same address, as far as TLS lets them; a request takes 0.4 s."""
    door = Door()
    for _ in range(5000):
        door.arrive("203.0.113.7", Stage.GREETING)
    reloading = door.arrive("203.0.113.7", Stage.ASKING)
    for _ in range(MAX_OF_NETWORK[Stage.ASKING] - 1):  # 2.5 s of handshakes at 150 a second
        door.arrive("203.0.113.7", Stage.ASKING)
    assert reloading in door.there
    door.prove(reloading, "a1")
    for _ in range(5000):
        door.arrive("203.0.113.7", Stage.ASKING)
    assert reloading in door.there


def test_an_account_has_a_share_and_its_newest_keep_it() -> None:
    door = Door()
    mine = [door.arrive("203.0.113.7", Stage.INSIDE, "a1") for _ in range(MAX_OF_ACCOUNT + 3)]
    assert door.gone == []
    assert [one.stage for one in mine] == [Stage.ASKING] * 3 + [Stage.INSIDE] * MAX_OF_ACCOUNT


def test_one_that_finds_the_inside_full_is_served_all_the_same() -> None:
    door = Door()
    for number in range(MAX_OF_NETWORK[Stage.INSIDE]):
        door.arrive("203.0.113.7", Stage.INSIDE, f"a{number}")
    late = door.arrive("203.0.113.7", Stage.INSIDE, "late")
    assert late.stage is Stage.ASKING
    assert door.gone == []


def test_few_descriptors_mean_few_places_never_none() -> None:
    for descriptors in (0, 256, 300, 1024, 4096):
        door = Door(descriptors)
        for number in range(3000):
            door.arrive(f"10.0.0.{number % 7}", random.Random(number).choice(list(Stage)), f"a{number}")
            assert len(door.there) <= max(4, descriptors - RESERVED_DESCRIPTORS)


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 5), st.sampled_from(list(Stage)), st.booleans()),
        max_size=300,
    )
)
def test_whatever_comes_and_goes_the_books_stay_right(steps: list[tuple[int, int, Stage, bool]]) -> None:
    door = Door(RESERVED_DESCRIPTORS + 60)
    for network, account, stage, leaves in steps:
        foothold = door.arrive(f"10.0.0.{network}", stage, f"a{account}")
        if leaves and foothold in door.there:
            door.leave(foothold)
    stages = Counter(foothold.stage for foothold in door.there)
    assert all(door.shares.count(stage) == stages[stage] for stage in Stage)
    inside = Counter(foothold.account for foothold in door.there if foothold.stage is Stage.INSIDE)
    assert all(count <= MAX_OF_ACCOUNT for count in inside.values())


def test_handshakes_are_begun_network_by_network_and_the_newest_first() -> None:
    turns = Turns()
    flood = [Foothold("203.0.113.7") for _ in range(100)]
    for foothold in flood:
        turns.add(foothold)
    alone = Foothold("198.51.100.9")
    turns.add(alone)
    assert [turns.next() for _ in range(3)] == [flood[-1], alone, flood[-2]]
    for foothold in flood[:-2]:
        turns.discard(foothold)
    assert not turns
