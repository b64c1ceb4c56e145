"""In which order commands go to a media worker: what shuts at once, offers a few at a time. Without I/O.

A worker takes one command after the other, and an offer costs it some milliseconds. If a hundred offers lay
in its socket, a mute would wait behind them. So they wait here, and what overtakes them leaves behind what
they would bring: `SetGates` changes the gates of an offer that waits, `CloseEndpoint` withdraws it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace as changed

import sfu

MAX_OFFERS_AT_WORKER = 4
"""Offers without an answer that lie with the worker: it always has the next one, and a mute behind them waits
for a few hundredths of a second."""
MAX_WISHES_AT_WORKER = 128
"""Commands without an answer beyond which wishes (Show, SetStage) wait, too."""

Offer = sfu.OpenEndpoint | sfu.RestartEndpoint
Wish = sfu.Show | sfu.SetStage


class Numbered(NamedTuple):
    number: int
    command: sfu.AnyCommand


@dataclass(slots=True)
class Moves:
    """What a command brings about."""

    send: list[Numbered] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    """Commands that waited and are not sent any more."""


class CommandLanes:
    """At most one opening, one restart and one wish of each endpoint wait: a newer one takes their place. So
    what waits is bounded by how many endpoints there are."""

    def __init__(self) -> None:
        self._waiting: dict[int, Offer | Wish] = {}
        """By number, in the order in which they will be sent."""
        self._at_worker: dict[int, sfu.AnyCommand] = {}

    def __len__(self) -> int:
        """Commands without an answer."""
        return len(self._waiting) + len(self._at_worker)

    def put(self, number: int, command: sfu.AnyCommand) -> Moves:
        """A new command; numbers only grow."""
        moves = Moves()
        match command:
            case sfu.SetStage() if self._opens(command.room):
                # For those who are there now, and again when the room has been opened, if this will open it.
                self._withdraw(moves, [n for n, one in self._waiting.items() if _replaces(command, one)])
                self._waiting[number] = command
                self._send(moves, Numbered(number, command))
            case sfu.OpenEndpoint() | sfu.RestartEndpoint() | sfu.Show() | sfu.SetStage():
                self._withdraw(moves, [n for n, one in self._waiting.items() if _replaces(command, one)])
                self._waiting[number] = command
            case sfu.SetGates():
                self._patch(command)
                self._send(moves, Numbered(number, command))
            case sfu.CloseEndpoint():
                self._withdraw(
                    moves, [n for n, one in self._waiting.items() if _is_of(one, command.endpoint)]
                )
                self._send(moves, Numbered(number, command))
            case sfu.CloseRoom():
                self._withdraw(moves, self._of_room(command.room))
                self._send(moves, Numbered(number, command))
            case _:
                self._send(moves, Numbered(number, command))
        self._advance(moves)
        return moves

    def answered(self, number: int) -> Moves:
        """The worker has answered a command, which makes room for what waits."""
        moves = Moves()
        self._at_worker.pop(number, None)
        self._advance(moves)
        return moves

    def clear(self) -> None:
        """The worker is gone, and with it all that it had and would have got."""
        self._waiting.clear()
        self._at_worker.clear()

    def _patch(self, gates: sfu.SetGates) -> None:
        for number, one in self._waiting.items():
            if isinstance(one, sfu.OpenEndpoint) and one.endpoint == gates.endpoint:
                self._waiting[number] = changed(one, gates={**one.gates, **gates.gates})

    def _opens(self, room: sfu.RoomId) -> bool:
        waiting = self._waiting.values()
        return any(isinstance(one, sfu.OpenEndpoint) and one.room == room for one in waiting)

    def _of_room(self, room: sfu.RoomId) -> list[int]:
        opening = {
            one.endpoint
            for one in self._waiting.values()
            if isinstance(one, sfu.OpenEndpoint) and one.room == room
        }
        return [
            number
            for number, one in self._waiting.items()
            if (one.room == room if isinstance(one, sfu.SetStage) else one.endpoint in opening)
        ]

    def _withdraw(self, moves: Moves, numbers: Iterable[int]) -> None:
        for number in numbers:
            del self._waiting[number]
            moves.withdrawn.append(number)

    def _send(self, moves: Moves, one: Numbered) -> None:
        self._at_worker[one.number] = one.command
        moves.send.append(one)

    def _advance(self, moves: Moves) -> None:
        """Send what there is room for. Behind an offer that waits, only what has nothing to do with it."""
        offers = sum(isinstance(one, Offer) for one in self._at_worker.values())
        held: list[Offer] = []
        for number, one in list(self._waiting.items()):
            if isinstance(one, Offer):
                fits = offers < MAX_OFFERS_AT_WORKER and not held
            else:
                fits = len(self._at_worker) < MAX_WISHES_AT_WORKER and not any(
                    _needs(one, offer) for offer in held
                )
            if not fits:
                held += [one] if isinstance(one, Offer) else []
                continue
            offers += isinstance(one, Offer)
            del self._waiting[number]
            self._send(moves, Numbered(number, one))


def _replaces(command: Offer | Wish, earlier: Offer | Wish) -> bool:
    """Nobody needs the earlier one any more."""
    match command:
        case sfu.OpenEndpoint():
            return isinstance(earlier, Offer) and earlier.endpoint == command.endpoint
        case sfu.SetStage():
            return isinstance(earlier, sfu.SetStage) and earlier.room == command.room
        case _:
            return type(earlier) is type(command) and _is_of(earlier, command.endpoint)


def _is_of(command: Offer | Wish, endpoint: sfu.EndpointId) -> bool:
    return not isinstance(command, sfu.SetStage) and command.endpoint == endpoint


def _needs(wish: Wish, offer: Offer) -> bool:
    """The worker cannot carry out the wish before the offer."""
    if isinstance(wish, sfu.SetStage):
        return isinstance(offer, sfu.OpenEndpoint) and offer.room == wish.room
    return offer.endpoint == wish.endpoint
