"""A decision's turn: while it lasts, the packet thread forwards nothing. Without I/O.

It takes a microsecond, unless a batch is being forwarded: then as long as that batch, some milliseconds at
most."""

from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace, TracebackType
from typing import Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Turn:
    """Belongs to the thread of the slow path. May be taken again inside."""

    __slots__ = ("_depth", "_here", "_kernel")

    def __init__(self, kernel: SimpleNamespace, here: int) -> None:
        self._kernel, self._here, self._depth = kernel, here, 0

    def __enter__(self) -> None:
        if self._depth == 0:
            self._kernel.begin_turn(self._here)
        self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._kernel.end_turn(self._here)


class TakesTurns(Protocol):
    turn: Turn


S = TypeVar("S", bound=TakesTurns)


def in_turn(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """The method writes tables, or reads what has to fit together."""

    @wraps(method)
    def taking_turns(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.turn:
            return method(self, *args, **kwargs)

    return taking_turns
