"""An answer that everybody may have: made once for all who ask at the same time, and kept for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedAnswer(Generic[T]):
    def __init__(self, make: Callable[[], Awaitable[T]], keep_s: float, clock: Callable[[], float]) -> None:
        self._make = make
        self._keep_s = keep_s
        self._clock = clock
        self._making: asyncio.Task[T] | None = None
        self._made: tuple[float, T] | None = None

    async def get(self) -> T:
        """Raises what making it raises."""
        if self._made is not None and self._clock() - self._made[0] < self._keep_s:
            return self._made[1]
        if self._making is None:
            self._making = asyncio.create_task(self._make_it(), name="shared answer")
            self._making.add_done_callback(_retrieved)
        return await asyncio.shield(self._making)

    async def _make_it(self) -> T:
        try:
            answer = await self._make()
            self._made = (self._clock(), answer)
            return answer
        finally:
            self._making = None


def _retrieved(making: "asyncio.Task[object]") -> None:
    """So that a failure that nobody waits for any more is not logged."""
    if not making.cancelled():
        making.exception()
