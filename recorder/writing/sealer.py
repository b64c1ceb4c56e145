"""Sealing: the plaintext of one segment goes in, age v1 comes out, chunk by chunk, in a thread of its own.

The cryptography is age's (pyrage, Rust), to X25519 recipients; no private key is involved. With a second lock
two files are nested: the inner one is encrypted to the second lock's recipients, the outer one to the first
lock's. So `age -d -i first segment.age | age -d -i second` opens it, and neither key alone does.

What is not sealed yet is only in this process's memory. Python cannot wipe it, because bytes are copied and
freed as the interpreter likes; recorder.writing.memory keeps them out of swap and core files. The file keys
live in Rust, which wipes them.
"""

import threading
import time
from collections.abc import Callable, Sequence

import pyrage  # type: ignore[import-untyped]

from recorder.format import chunks
from recorder.storage.pipe import Broken, Pipe

MAX_QUEUED_BYTES = 8 << 20
"""Plaintext waiting to be sealed; about 30 s of a meeting."""
_MAX_BETWEEN_BYTES = 1 << 20
CLOSE_S = 10.0


class SealerError(Exception):
    """Base of what a Sealer raises."""


class SealerFull(SealerError):
    """The disk does not keep up: nothing of this write was accepted."""


class SealerFailed(SealerError):
    """Its thread ended; `Sealer.failed` says why."""


class BadRecipient(SealerError):
    """Not an age public key (age1...), none at all, too many, or the same one in both locks."""


def recipient_untrusted(key: str) -> str:
    """The public key in its canonical form. Raises BadRecipient."""
    return str(_recipient(key))


def check_recipients(first: Sequence[str], second: Sequence[str]) -> None:
    """Raises BadRecipient if a Sealer could not seal to them."""
    _locks(first, second)


class Sealer:
    """Seals one segment.

    `first` and `second` are public keys (age1...); `second` may be empty. `write` is given the ciphertext in
    order, from the sealer's thread; an exception in it ends the sealer and is kept in `failed`.
    Errors: raises BadRecipient.
    """

    def __init__(self, first: Sequence[str], second: Sequence[str], write: Callable[[bytes], None]) -> None:
        outer, inner = _locks(first, second)
        self.layers = 2 if inner else 1
        self.written = 0
        """Bytes accepted so far."""
        self._useful = 0
        self._padded = 0
        self._failed: BaseException | None = None
        self._lock = threading.Lock()
        self._in = Pipe(MAX_QUEUED_BYTES)
        self._pipes = [self._in]
        out = _CiphertextSink(write)
        if inner:
            between = Pipe(_MAX_BETWEEN_BYTES)
            self._pipes.append(between)
            self._threads = [
                self._thread("sealer-inner", self._in, between, inner),
                self._thread("sealer", between, out, outer),
            ]
        else:
            self._threads = [self._thread("sealer", self._in, out, outer)]

    @property
    def failed(self) -> BaseException | None:
        """What ended its thread early, as raised by `write`; None while all is well."""
        return self._failed

    def write(self, data: bytes) -> None:
        """Accept these bytes; never waits. Raises SealerFull (nothing was accepted), SealerFailed."""
        self._put(data)
        if data:
            self._useful = self.written

    def pad(self, void: Callable[[int], bytes]) -> int:
        """Get everything written so far sealed and written out, adding a Void if needed.

        `void(size)` returns a Void of exactly that many bytes. Returns how many were added. Raises as
        `write`.
        """
        size = chunks.padding(self.written, self.layers, self._useful)
        if size:
            self._put(void(size))
            self._padded += size
        return size

    @property
    def padded(self) -> int:
        """How many of the bytes written are padding."""
        return self._padded

    def drained(self, deadline_s: float = CLOSE_S) -> bool:
        """Wait until all full chunks have been written. Returns whether they have."""
        until = time.monotonic() + deadline_s
        return all(pipe.drained(until - time.monotonic()) for pipe in self._pipes)

    def close(self, deadline_s: float = CLOSE_S) -> None:
        """End the file and wait until its last chunk is written. Raises SealerFailed."""
        self._in.end()
        until = time.monotonic() + deadline_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            self._fail(TimeoutError(f"not written within {deadline_s} s"))
        if self._failed is not None:
            raise SealerFailed(str(self._failed)) from self._failed

    def abandon(self) -> None:
        """Drop what is not sealed yet; the file stays cut off. Does not wait."""
        self._fail(SealerFailed("abandoned"))

    def _put(self, data: bytes) -> None:
        try:
            taken = self._in.offer(data)
        except Broken:
            raise SealerFailed(str(self._failed or "closed")) from self._failed
        if not taken:
            raise SealerFull(f"{self._in.held} bytes wait")
        self.written += len(data)

    def _thread(
        self, name: str, source: Pipe, sink: "Pipe | _CiphertextSink", recipients: list[object]
    ) -> threading.Thread:
        thread = threading.Thread(target=self._seal, args=(source, sink, recipients), name=name, daemon=True)
        thread.start()
        return thread

    def _seal(self, source: Pipe, sink: "Pipe | _CiphertextSink", recipients: list[object]) -> None:
        done = False
        try:
            pyrage.encrypt_io(source, sink, recipients)
            done = True
        except pyrage.EncryptError as error:
            self._fail((sink.error if isinstance(sink, _CiphertextSink) else None) or error)
        finally:
            if isinstance(sink, Pipe) and done:
                sink.end()
            elif not done:
                self._fail(SealerFailed("its thread ended"))

    def _fail(self, error: BaseException) -> None:
        """The first error counts: later ones are its echoes in the other thread."""
        with self._lock:
            if self._failed is None:
                self._failed = error
        for pipe in self._pipes:
            pipe.abandon()


class _CiphertextSink:
    """Where the outer layer writes. Keeps the error object; pyrage keeps only its message."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        try:
            self._write(data)
        except Exception as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        """Nothing to do: `write` does not buffer."""


def _locks(first: Sequence[str], second: Sequence[str]) -> tuple[list[object], list[object]]:
    """Recipients of the outer and of the inner layer. Raises BadRecipient."""
    outer, inner = _lock(first), _lock(second)
    if not outer:
        raise BadRecipient("no recipient")
    if {str(key) for key in outer} & {str(key) for key in inner}:
        raise BadRecipient("one key in both locks")
    return outer, inner


def _lock(keys: Sequence[str]) -> list[object]:
    if len(keys) > chunks.MAX_RECIPIENTS:
        raise BadRecipient(f"{len(keys)} recipients; at most {chunks.MAX_RECIPIENTS}")
    return [_recipient(key) for key in keys]


def _recipient(key: str) -> object:
    try:
        found: object = pyrage.x25519.Recipient.from_str(key.strip())
    except (pyrage.RecipientError, UnicodeError) as error:
        raise BadRecipient(f"{key[:80]!r}: {error}") from None
    return found
