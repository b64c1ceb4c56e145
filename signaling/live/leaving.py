"""Effects leave in the order in which they were decided. Without I/O.

A room decides one input after the other and gives each one's commands to the media worker at once. What
people are told of it waits for the worker's answers to what it shut, and for everything decided before it.
The room does not wait, and decides on.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace as changed

import recorder
from signaling.live.phases import Phases
from signaling.room.state.effects import Record


@dataclass(eq=False, slots=True)
class Leaving:
    """The effects of one input that have not left yet."""

    phases: Phases
    unanswered: int = 0
    """Commands that shut something, and that the worker has not answered yet."""
    has_left: bool = False
    answers: list[Awaitable[None]] = field(default_factory=list)
    """The worker's answers to its offers, when they have been decided about."""
    when_left: list[Callable[[], None]] = field(default_factory=list)


class LeavingInOrder:
    def __init__(self, leave: Callable[[Phases], None]) -> None:
        """`leave` carries out what is left of an input's effects."""
        self._leave = leave
        self._waiting: deque[Leaving] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def newest(self) -> Leaving | None:
        return self._waiting[-1] if self._waiting else None

    def add(self, effects: Leaving) -> None:
        """They were decided last."""
        self._waiting.append(effects)

    def answered(self, effects: Leaving) -> None:
        """The worker has answered one of their commands, or is gone."""
        effects.unanswered -= 1
        self.let_leave()

    def let_leave(self) -> None:
        """All whose turn it is."""
        while self._waiting and not self._waiting[0].unanswered:
            effects = self._waiting.popleft()
            self._leave(effects.phases)
            effects.has_left = True
            for call in effects.when_left:
                call()

    def overtaken_by(self, orders: Sequence[Record]) -> None:
        """These orders end or pause a recording and leave now. What was decided before them must not begin it
        again when it leaves."""
        for effects in self._waiting:
            for record in orders:
                effects.phases.recording = [
                    left
                    for earlier in effects.phases.recording
                    if (left := _left_of(earlier, record.order)) is not None
                ]


def _left_of(earlier: Record, ends: recorder.AnyOrder) -> Record | None:
    """What is still to be ordered after `ends` has overtaken it."""
    order = earlier.order
    if order.recording != ends.recording:
        return earlier
    if isinstance(ends, recorder.Stop):
        return None
    if isinstance(order, recorder.Start):
        return Record(changed(order, paused=True))
    return None if isinstance(order, recorder.Pause) else earlier
