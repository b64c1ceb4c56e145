"""How often a password may be tried. Without I/O.

Wrong tries fade with time, as water leaks from a bucket, and belong first to the account at one address. A
try from an address that the account came from before is held against nothing else, so whoever attacks the
account from elsewhere keeps nobody out. A try from anywhere else also counts for the account as a whole, and
for its address, which is slowed when it keeps failing at many accounts. A whole building is one address, so
where anybody signed in before, there is room for the mistakes of two.

A try is charged before the password is checked, so that many at once gain nothing, and given back when it was
right. A refused try costs the account nothing; it is charged to an address that nobody came from before.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil, inf
from typing import NamedTuple

from signaling.model.addresses import network
from signaling.model.text import login_of


class Leak(NamedTuple):
    capacity: float
    """Tries in a row."""
    every_s: float
    """One more after each of these."""


Bound = tuple[Leak, ...]
"""All of them hold."""

HERE_KNOWN: Bound = (Leak(8, 40.0),)
"""An account at an address that it came from before: a person who mistypes many times waits 40 s at most."""
HERE: Bound = (Leak(8, 40.0), Leak(60, 900.0))
"""An account at another address: 156 tries on the first day, 96 on each further one."""
AMONG_NEIGHBOURS: Bound = (Leak(40, 10.0), Leak(400, 150.0))
"""An account from all addresses that only others came from: 976 tries on the first day."""
AMONG_STRANGERS: Bound = (Leak(20, 30.0), Leak(200, 300.0))
"""An account from all addresses that nobody came from: 488 tries on the first day, be they a thousand."""
ADDRESS: Bound = (Leak(30, 10.0), Leak(300, 100.0))
"""An address that nobody came from, at all accounts."""
ADDRESS_KNOWN: Bound = (Leak(200, 2.0),)
"""An address that somebody came from: a class of 50 mistypes a hundred times before everybody is in."""
SIGN_INS: Bound = (Leak(20, 1.0),)
"""Right passwords of an account at one address: each costs as much work as a wrong one."""
ALL_SIGN_INS: Bound = (Leak(60, 0.5),)
"""The same from all addresses."""
MAX_ARREARS = 6.0
"""How far refused tries fill an address's bucket over its rim."""
MAX_RECORDS = 16_384
"""Of each kind; the one untouched for longest is dropped first. More than the passwords that can be checked
while a wrong try of an account fades."""
MAX_CAME_FROM = 8
"""Addresses remembered of an account, the newest."""
MAX_KNOWN = 8192
"""Accounts with addresses they came from, and addresses that somebody came from."""


class _Buckets:
    """The same kind of bucket for many keys, each kept as the times at which its leaks have emptied it."""

    def __init__(self, max_records: int) -> None:
        self._max_records = max_records
        self._dry_s: OrderedDict[str, tuple[float, ...]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._dry_s)

    def wait_s(self, key: str, bound: Bound, now_s: float) -> float:
        """How long until one more fits; 0 or less: it fits now."""
        dry_s = self._dry_s.get(key)
        if dry_s is None:
            return 0.0
        return max(
            at_s - (leak.capacity - 1) * leak.every_s - now_s
            for at_s, leak in zip(dry_s, bound, strict=False)
        )

    def add(self, key: str, bound: Bound, now_s: float) -> None:
        dry_s = _fitted(self._dry_s.get(key, ()), bound)
        self._put(
            key, tuple(max(at_s, now_s) + leak.every_s for at_s, leak in zip(dry_s, bound, strict=False))
        )

    def knock(self, key: str, bound: Bound, now_s: float) -> None:
        """A refused try: it fills the first leak, a little over the rim at most."""
        first_s, *others_s = _fitted(self._dry_s.get(key, ()), bound)
        rim_s = now_s + (bound[0].capacity + MAX_ARREARS) * bound[0].every_s
        self._put(key, (min(max(first_s, now_s) + bound[0].every_s, max(first_s, rim_s)), *others_s))

    def give_back(self, key: str, bound: Bound) -> None:
        dry_s = self._dry_s.get(key)
        if dry_s is not None:
            self._dry_s[key] = tuple(at_s - leak.every_s for at_s, leak in zip(dry_s, bound, strict=False))

    def clear(self, key: str) -> None:
        self._dry_s.pop(key, None)

    def _put(self, key: str, dry_s: tuple[float, ...]) -> None:
        self._dry_s[key] = dry_s
        self._dry_s.move_to_end(key)
        while len(self._dry_s) > self._max_records:
            self._dry_s.popitem(last=False)


def _fitted(dry_s: tuple[float, ...], bound: Bound) -> tuple[float, ...]:
    """The bound of a key is another one as soon as its address is known."""
    return (*dry_s, *(-inf for _ in bound))[: len(bound)]


_Charge = tuple[_Buckets, str, Bound]


class CameFrom:
    """The addresses that each account signed in from, newest last."""

    def __init__(self, before: Iterable[tuple[str, str]] = (), max_known: int = MAX_KNOWN) -> None:
        """before: login and address, oldest first."""
        self._max_known = max_known
        self._of: OrderedDict[str, list[str]] = OrderedDict()
        self._anybody: OrderedDict[str, None] = OrderedDict()
        for login, place in before:
            self.add(login_of(login), place)

    def add(self, login: str, place: str) -> None:
        places = self._of.setdefault(login, [])
        if place in places:
            places.remove(place)
        places.append(place)
        del places[:-MAX_CAME_FROM]
        self._of.move_to_end(login)
        self._anybody[place] = None
        self._anybody.move_to_end(place)
        for known in (self._of, self._anybody):
            while len(known) > self._max_known:
                known.popitem(last=False)

    def __len__(self) -> int:
        return len(self._of)

    def did(self, login: str, place: str) -> bool:
        return place in self._of.get(login, ())

    def anybody(self, place: str) -> bool:
        return place in self._anybody


@dataclass(frozen=True, slots=True)
class Wait:
    """The try is refused."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Try:
    """The password may be checked. What came of it has to be told: `succeeded`, `failed` or `given_back`."""

    login: str
    place: str
    """The address, or what counts as one."""
    known: bool
    """The account came from there before."""
    mistakes: tuple[_Charge, ...] = field(repr=False)
    """Charged for the case that the password is wrong; the first is the account's at this address."""
    sign_ins: tuple[_Charge, ...] = field(repr=False)
    """Charged for the case that it is right."""


class Throttle:
    def __init__(self, came_from: CameFrom | None = None, max_records: int = MAX_RECORDS) -> None:
        self.came_from = CameFrom() if came_from is None else came_from
        self._here, self._places = _Buckets(max_records), _Buckets(max_records)
        self._neighbours, self._strangers = _Buckets(max_records), _Buckets(max_records)
        self._sign_ins, self._all_sign_ins = _Buckets(max_records), _Buckets(max_records)

    def __len__(self) -> int:
        """Buckets of all kinds."""
        kinds = (self._here, self._places, self._neighbours, self._strangers)
        return sum(map(len, (*kinds, self._sign_ins, self._all_sign_ins)))

    def attempt(self, login: str, address: str, now_s: float) -> Try | Wait:
        """Charge a try, or say how long to wait."""
        place = network(address)
        known, anybody = self.came_from.did(login, place), self.came_from.anybody(place)
        here = f"{place} {login}"
        mistakes: list[_Charge] = [(self._here, here, HERE_KNOWN if known else HERE)]
        if not known:
            among = (self._neighbours, login, AMONG_NEIGHBOURS)
            mistakes.append(among if anybody else (self._strangers, login, AMONG_STRANGERS))
        sign_ins = ((self._sign_ins, here, SIGN_INS), (self._all_sign_ins, login, ALL_SIGN_INS))
        whole = () if known else ((self._places, place, ADDRESS_KNOWN if anybody else ADDRESS),)
        asked = (*mistakes, *sign_ins, *whole)
        wait_s = max(buckets.wait_s(key, bound, now_s) for buckets, key, bound in asked)
        if wait_s > 0:
            if not known and not anybody:
                self._places.knock(place, ADDRESS, now_s)
            return Wait(ceil(wait_s))
        for buckets, key, bound in (*mistakes, *sign_ins):
            buckets.add(key, bound, now_s)
        return Try(login, place, known, tuple(mistakes), sign_ins)

    def failed(self, one: Try, now_s: float) -> None:
        """The password was wrong: the try stays charged, and counts for its address as well."""
        _give_back(one.sign_ins)
        if not one.known:
            bound = ADDRESS_KNOWN if self.came_from.anybody(one.place) else ADDRESS
            self._places.add(one.place, bound, now_s)

    def succeeded(self, one: Try) -> None:
        """The password was right: the account's mistakes at this address are forgotten, and it is known."""
        _give_back(one.mistakes)
        buckets, here, _ = one.mistakes[0]
        buckets.clear(here)
        self.came_from.add(one.login, one.place)

    def given_back(self, one: Try) -> None:
        """The password was not checked."""
        _give_back(one.mistakes)
        _give_back(one.sign_ins)


def _give_back(charges: Iterable[_Charge]) -> None:
    for buckets, key, bound in charges:
        buckets.give_back(key, bound)
