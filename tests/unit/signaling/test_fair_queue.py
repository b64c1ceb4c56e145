"""Whose password is checked next: known ones first, the addresses in turn, and no crowd without end."""

import pytest

from signaling.accounts.fair_queue import MAX_WAITING, MAX_WAITING_PLACE, FairQueue, Full


def taken(queue: FairQueue[str]) -> list[str]:
    return list(iter(queue.take, None))


def test_a_crowd_at_one_address_keeps_another_waiting_for_one_of_its_own_at_most() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(50):
        queue.add(f"crowd-{number}", "192.0.2.7", known=False)
    queue.add("alone", "198.51.100.9", known=False)
    assert taken(queue)[:4] == ["crowd-0", "alone", "crowd-1", "crowd-2"]
    assert len(queue) == 0


def test_a_person_who_came_from_there_before_goes_first() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(5):
        queue.add(f"stranger-{number}", f"198.51.100.{number}", known=False)
    queue.add("known", "192.0.2.7", known=True)
    assert queue.take() == "known"


def test_one_address_has_room_for_two_buildings_and_no_more() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(MAX_WAITING_PLACE):
        assert queue.add(str(number), "192.0.2.7", known=number % 2 == 0) is None
    with pytest.raises(Full):
        queue.add("one more", "192.0.2.7", known=True)
    assert queue.add("elsewhere", "198.51.100.9", known=False) is None


def test_when_it_is_full_the_stranger_who_waits_longest_makes_room_and_known_ones_never_do() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.add("known", "192.0.2.7", known=True)
    for number in range(MAX_WAITING - 1):
        queue.add(f"stranger-{number}", f"10.0.{number}.1", known=False)
    assert queue.add("newest", "198.51.100.9", known=False) == "stranger-0"
    assert queue.add("known too", "192.0.2.8", known=True) == "stranger-1"
    assert len(queue) == MAX_WAITING
    order = taken(queue)
    assert order[:2] == ["known", "known too"]
    assert order[-1] == "newest"


def test_a_queue_that_is_full_of_known_ones_takes_nobody() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(MAX_WAITING):
        queue.add(str(number), f"10.0.{number}.1", known=True)
    with pytest.raises(Full):
        queue.add("one more", "192.0.2.7", known=True)
