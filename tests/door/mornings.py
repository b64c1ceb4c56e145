"""Mornings at 07:55: a class of fifty behind one address, each of whom mistypes every second time.

The real throttle and the real queue before the password check, on a virtual clock. Meanwhile an attacker
elsewhere guesses at the chair's login, and the chair signs in from where the chair came from before.
"""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass

from signaling.accounts.fair_queue import FairQueue
from signaling.accounts.throttle import CameFrom, Throttle, Try, Wait

PEOPLE = 50
AT_ONCE = 2
CHECK_S = 0.1
"""Of one password, on a machine that also moves media."""
DAY_S = 86_400.0
FRESH_EVERY = 10
"""Every tenth morning is an appliance's first: nobody came from anywhere before."""
CLASS, OWNER, ATTACKER = "192.0.2.7", "203.0.113.4", "198.51.100.9"
CHAIR = "chu-tri"


@dataclass(frozen=True, slots=True)
class Figures:
    mornings: int
    people: int
    mistakes: int
    refused: int
    """Tries of the class that were told to wait."""
    p50_s: float
    p99_s: float
    worst_s: float
    """From somebody's last mistake, or else from the first try, to being inside."""
    guesses: int
    """Wrong passwords of the attacker that were checked."""
    owner_tries: int
    owner_refused: int


@dataclass(slots=True)
class _Person:
    login: str
    address: str = CLASS
    mistypes: float = 0.5
    since_s: float = -1.0
    """Of the last mistake, or of the first try."""
    again: bool = False
    """Comes back a while after being inside, as the chair does here."""


class _Morning:
    """Events by time: somebody presses the button, or a password has been checked."""

    def __init__(self, throttle: Throttle, chance: random.Random, begin_s: float) -> None:
        self.throttle = throttle
        self.chance = chance
        self.waits_s: list[float] = []
        self.mistakes = self.refused = self.guesses = self.owner_tries = self.owner_refused = 0
        self._end_s = begin_s + 600
        self._queue: FairQueue[tuple[_Person, Try]] = FairQueue()
        self._checking = 0
        self._number = 0
        self._events: list[tuple[float, int, _Person, Try | None]] = []
        for number in range(PEOPLE):
            self._at(begin_s + chance.uniform(0, 20), _Person(f"khoa-{number}"))
        self._at(begin_s, _Person(CHAIR, OWNER, 0.0, again=True))
        self._at(begin_s, _Person(CHAIR, ATTACKER, 1.0))

    def _at(self, when_s: float, person: _Person, one: Try | None = None) -> None:
        self._number += 1
        heapq.heappush(self._events, (when_s, self._number, person, one))

    def run(self) -> None:
        while self._events:
            now_s, _, person, one = heapq.heappop(self._events)
            if one is None:
                self._press(person, now_s)
            else:
                self._checking -= 1
                self._checked(person, one, now_s)
            self._check_next(now_s)

    def _press(self, person: _Person, now_s: float) -> None:
        if person.since_s < 0:
            person.since_s = now_s
        self.owner_tries += person.again
        attempt = self.throttle.attempt(person.login, person.address, now_s)
        if isinstance(attempt, Try):
            self._queue.add((person, attempt), attempt.place, attempt.known)
            return
        self.refused += person.address == CLASS
        self.owner_refused += person.again
        self._later(person, attempt, now_s)

    def _later(self, person: _Person, wait: Wait, now_s: float) -> None:
        """People wait as they are told, and press; the attacker does not wait."""
        if person.address == ATTACKER:
            self._again(person, now_s + 1)
        else:
            self._at(now_s + wait.seconds + self.chance.uniform(1, 4), person)

    def _again(self, person: _Person, when_s: float) -> None:
        if when_s < self._end_s:
            self._at(when_s, person)

    def _check_next(self, now_s: float) -> None:
        while self._checking < AT_ONCE and (item := self._queue.take()) is not None:
            self._checking += 1
            self._at(now_s + CHECK_S, *item)

    def _checked(self, person: _Person, one: Try, now_s: float) -> None:
        if self.chance.random() < person.mistypes:
            self.throttle.failed(one, now_s)
            person.since_s = now_s
            if person.address == ATTACKER:
                self.guesses += 1
                self._again(person, now_s + 1)
            else:
                self.mistakes += 1
                self._at(now_s + self.chance.uniform(3, 12), person)  # typed anew
            return
        self.throttle.succeeded(one)
        if person.again:
            self._again(person, now_s + 15)
        else:
            self.waits_s.append(now_s - person.since_s)


def mornings(count: int, seed: int) -> Figures:
    """So many mornings, one a day. `seed` decides who mistypes when."""
    done = tuple(_days(count, random.Random(seed)))
    waits_s = sorted(wait for morning in done for wait in morning.waits_s)
    return Figures(
        mornings=len(done),
        people=len(waits_s),
        mistakes=sum(morning.mistakes for morning in done),
        refused=sum(morning.refused for morning in done),
        p50_s=waits_s[len(waits_s) // 2],
        p99_s=waits_s[len(waits_s) * 99 // 100],
        worst_s=waits_s[-1],
        guesses=sum(morning.guesses for morning in done),
        owner_tries=sum(morning.owner_tries for morning in done),
        owner_refused=sum(morning.owner_refused for morning in done),
    )


def _days(count: int, chance: random.Random) -> Iterator[_Morning]:
    throttle = Throttle()
    for day in range(count):
        if day % FRESH_EVERY == 0:
            throttle = Throttle(CameFrom([(CHAIR, OWNER)]))
        morning = _Morning(throttle, chance, day * DAY_S)
        morning.run()
        yield morning
