"""`serve --reload`: notices that Python source has changed, once a second."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger("giaoban.reload")

POLL_S = 1.0


class SourceWatch:
    """The modification times of the Python files in a folder and below."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._times()

    def has_changed(self) -> bool:
        """Whether a file was written, added or removed since the last call."""
        before, self._seen = self._seen, self._times()
        return self._seen != before

    def _times(self) -> dict[Path, int]:
        times: dict[Path, int] = {}
        for path in self._folder.rglob("*.py"):
            try:
                times[path] = path.stat().st_mtime_ns
            except FileNotFoundError:  # removed this moment
                continue
        return times


async def call_on_change(folder: Path, changed: Callable[[], None]) -> None:
    """Call `changed` after each change, until cancelled."""
    watch = await asyncio.to_thread(SourceWatch, folder)
    while True:
        await asyncio.sleep(POLL_S)
        if await asyncio.to_thread(watch.has_changed):
            log.info("source-changed folder=%s", folder)
            changed()
