"""Ears in their own thread, beside the packet path. Decoding releases the interpreter's lock.

Nobody waits for them: batches go into a short queue, and what finds it full is dropped and counted. If the
thread ever dies, which only a bug of ours can cause, the next batch starts it anew."""

import contextlib
import logging
import os
import queue
import threading
from collections.abc import Mapping, Sequence

from sfu.voice.ears import Counts, Judgment, Sound
from sfu.voice.inline import InlineEars

QUEUED = 50
"""Batches of 20 ms: after a second without the processor the rest is not worth hearing."""
NICENESS = 5
"""Packets have priority."""

log = logging.getLogger("giaoban.media")


class ThreadEars:
    """Ears (sfu/voice/ears.py)."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._queue: queue.Queue[Sequence[Sound] | int | None] = queue.Queue(QUEUED)
        self._judgments: Mapping[int, Judgment] = {}
        self._forgotten: list[int] = []
        self._behind = False
        self._thread = self._start()

    def hear(self, sounds: Sequence[Sound]) -> None:
        if not self._thread.is_alive():
            log.error("ears-died")
            self._judgments = {}
            self._thread = self._start()
        self._settle()
        try:
            self._queue.put_nowait(sounds)
        except queue.Full:
            self.counts.dropped += len(sounds)
            if not self._behind:
                log.warning("ears-behind")
            self._behind = True
        else:
            self._behind = False

    def forget(self, microphone: int) -> None:
        self._forgotten.append(microphone)
        self._settle()

    def _settle(self) -> None:
        """A microphone that is not forgotten keeps an ear, so when the queue is full, it is told with the
        next batch."""
        while self._forgotten:
            try:
                self._queue.put_nowait(self._forgotten[0])
            except queue.Full:
                return
            del self._forgotten[0]

    def judgments(self) -> Mapping[int, Judgment]:
        return self._judgments

    def close(self) -> None:
        """Ends the thread, after the batch that it is working on."""
        while self._thread.is_alive():
            try:
                self._queue.put_nowait(None)
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    self._queue.get_nowait()
            else:
                self._thread.join()

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="ears", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        ears = InlineEars(self.counts)
        while True:
            work = self._queue.get()
            if work is None:
                return
            if isinstance(work, int):
                ears.forget(work)
            else:
                ears.hear(work)
            self._judgments = ears.judgments()
