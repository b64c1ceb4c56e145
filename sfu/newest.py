"""What a media worker has to report and nobody has taken yet. Without I/O.

Of each thing only the newest report is kept, so what waits is bounded by how many endpoints there are,
however late the reader is. Both ends of the line use it: the worker while control does not read, control
while it is busy.
"""

from collections.abc import Sequence
from typing import assert_never

from sfu import (
    AnyEvent,
    EndpointChanged,
    FlowChanged,
    LineReport,
    SendPlan,
    SlotsChanged,
    SpeakersChanged,
    VoicesChanged,
)

MAX_WAITING = 16_384
"""Far more than the endpoints of a worker can make."""


class TooManyEvents(Exception):
    """They are about more endpoints than a worker can have."""


class NewestEvents:
    def __init__(self) -> None:
        self._waiting: dict[object, AnyEvent] = {}
        """By what it is about, in the order in which they came."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, event: AnyEvent) -> None:
        """Raises TooManyEvents."""
        about = _about(event)
        self._waiting.pop(about, None)
        if len(self._waiting) >= MAX_WAITING:
            raise TooManyEvents
        self._waiting[about] = event

    def take(self) -> Sequence[AnyEvent]:
        """All of them."""
        events, self._waiting = tuple(self._waiting.values()), {}
        return events

    def clear(self) -> None:
        self._waiting.clear()


def _about(event: AnyEvent) -> object:
    """An event about the same makes those before it superfluous. Where states or flows change to and fro, the
    newest of each is kept, so that what was begun or lost does not go unseen."""
    match event:
        case SpeakersChanged() | VoicesChanged():
            return type(event), event.room
        case EndpointChanged():
            return type(event), event.endpoint, event.state
        case FlowChanged():
            return type(event), event.endpoint, event.source, event.flowing
        case SlotsChanged() | SendPlan() | LineReport():
            return type(event), event.endpoint
        case _:
            assert_never(event)
