"""How many connections there may be, and who gives way when there are too many. Without I/O.

A connection goes through stages, and each stage has places of its own, in all and for each network:

    ARRIVED --greeting--> GREETING --TLS stands--> ASKING --a signed-in account--> INSIDE

A connection that comes into a full stage gets in, and the oldest there gives way: of the same network if that
has its share, else of the network that has most. So a flood takes places only from what has come exactly as
far as itself, and mostly from itself. INSIDE nobody gives way: one that finds it full stays in ASKING.
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import IntEnum


class Stage(IntEnum):
    ARRIVED = 0
    """Has sent nothing yet, or half of a greeting: a socket, no more."""
    GREETING = 1
    """Waits for its TLS handshake, or is in it."""
    ASKING = 2
    """Nobody has signed in over it."""
    INSIDE = 3
    """Has brought a signed-in account's cookie."""


MAX_IN_ALL = {Stage.ARRIVED: 512, Stage.GREETING: 512, Stage.ASKING: 768, Stage.INSIDE: 2048}
MAX_OF_NETWORK = {Stage.ARRIVED: 256, Stage.GREETING: 256, Stage.ASKING: 384, Stage.INSIDE: 1536}
"""A full room may be one network: six connections of each of 200 browsers and its WebSocket. What has not
proved an account needs fewer places: a handshake takes milliseconds."""
MAX_OF_ACCOUNT = 8
"""INSIDE: a browser opens six and a WebSocket. Further ones are served as well, in ASKING."""
RESERVED_DESCRIPTORS = 256
"""Never used for connections: database, log, local sockets, downloads."""


@dataclass(eq=False, slots=True)
class Foothold:
    network: str
    """Whose share it takes from."""
    stage: Stage = Stage.ARRIVED
    account: str = ""


class Shares:
    def __init__(self, descriptors: int) -> None:
        """descriptors: how many the process may have."""
        wanted = sum(MAX_IN_ALL.values())
        part = min(1.0, max(0, descriptors - RESERVED_DESCRIPTORS) / wanted)
        self._pools = {
            stage: _Pool(max(1, int(MAX_IN_ALL[stage] * part)), max(1, int(MAX_OF_NETWORK[stage] * part)))
            for stage in Stage
        }
        self._accounts: dict[str, OrderedDict[Foothold, None]] = {}

    def arrive(self, network: str) -> tuple[Foothold, Foothold | None]:
        """A new connection's place, and whose connection is to be closed for it."""
        place = Foothold(network)
        return place, self._pools[Stage.ARRIVED].add(place)

    def advance(self, place: Foothold, stage: Stage) -> Foothold | None:
        """It has come to GREETING or ASKING. Returns who gives way."""
        return None if stage <= place.stage else self._move(place, stage)

    def prove(self, place: Foothold, account: str) -> Foothold | None:
        """It has brought the cookie of an account that is signed in. Returns who gives way."""
        if place.stage is not Stage.ASKING or self._pools[Stage.INSIDE].is_full_for(place.network):
            return None
        self._move(place, Stage.INSIDE)
        place.account = account
        mine = self._accounts.setdefault(account, OrderedDict())
        mine[place] = None
        if len(mine) <= MAX_OF_ACCOUNT:
            return None
        oldest = next(iter(mine))
        self._forget_account(oldest)
        return self._move(oldest, Stage.ASKING)

    def leave(self, place: Foothold) -> None:
        self._pools[place.stage].remove(place)
        self._forget_account(place)

    def count(self, stage: Stage) -> int:
        return self._pools[stage].count

    def _move(self, place: Foothold, stage: Stage) -> Foothold | None:
        self._pools[place.stage].remove(place)
        place.stage = stage
        return self._pools[stage].add(place)

    def _forget_account(self, place: Foothold) -> None:
        mine = self._accounts.get(place.account)
        if mine is not None:
            mine.pop(place, None)
            if not mine:
                del self._accounts[place.account]
        place.account = ""


class _Pool:
    """The places of one stage. Finds the network that has most without looking at all of them."""

    def __init__(self, in_all: int, of_network: int) -> None:
        self._in_all = in_all
        self._of_network = of_network
        self.count = 0
        self._networks: dict[str, OrderedDict[Foothold, None]] = {}
        self._by_size: dict[int, OrderedDict[str, None]] = {}
        self._largest = 0

    def is_full_for(self, network: str) -> bool:
        return self.count >= self._in_all or len(self._networks.get(network, ())) >= self._of_network

    def add(self, place: Foothold) -> Foothold | None:
        """Returns the place that is one too many now. It stays until its connection has left."""
        mine = self._networks.setdefault(place.network, OrderedDict())
        mine[place] = None
        self.count += 1
        self._resized(place.network, len(mine) - 1, len(mine))
        if len(mine) > self._of_network:
            return next(iter(mine))
        if self.count > self._in_all:
            return next(iter(self._networks[next(iter(self._by_size[self._largest]))]))
        return None

    def remove(self, place: Foothold) -> None:
        mine = self._networks.get(place.network)
        if mine is None or place not in mine:
            return
        del mine[place]
        self.count -= 1
        self._resized(place.network, len(mine) + 1, len(mine))
        if not mine:
            del self._networks[place.network]

    def _resized(self, network: str, before: int, after: int) -> None:
        if before:
            del self._by_size[before][network]
            if not self._by_size[before]:
                del self._by_size[before]
        if after:
            self._by_size.setdefault(after, OrderedDict())[network] = None
        self._largest = (
            after if after > self._largest or not self._by_size.get(self._largest) else self._largest
        )


class Turns:
    """Whose TLS handshake is begun next: network by network, and in each the one that came last, since its
    client is the likeliest to be there still."""

    def __init__(self) -> None:
        self._networks: OrderedDict[str, OrderedDict[Foothold, None]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._networks)

    def add(self, place: Foothold) -> None:
        self._networks.setdefault(place.network, OrderedDict())[place] = None

    def next(self) -> Foothold:
        network, waiting = next(iter(self._networks.items()))
        place, _ = waiting.popitem()
        if waiting:
            self._networks.move_to_end(network)
        else:
            del self._networks[network]
        return place

    def discard(self, place: Foothold) -> None:
        waiting = self._networks.get(place.network)
        if waiting is not None and place in waiting:
            del waiting[place]
            if not waiting:
                del self._networks[place.network]
