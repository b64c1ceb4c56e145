"""Unsealing: private keys in, the plaintext of a segment out, as a stream. The age library does the work.

The plaintext is only in memory; the caller decides what is written where.
"""

import threading
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import pyrage  # type: ignore[import-untyped]

from recorder.format.chunks import CHUNK_BYTES, MAX_HEADER_BYTES, SEALED_CHUNK_BYTES, header_length
from recorder.storage.pipe import Broken, Pipe

MAGIC = b"age-encryption.org/v1"
_ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----"
_MAX_PIPE_BYTES = 1 << 20
_MAX_KEY_FILE_BYTES = 64 << 10
_JOIN_S = 10.0


class BadKey(Exception):
    """It holds no age private key, or cannot be read."""


class NeedsPassphrase(BadKey):
    """The key is locked with a passphrase, and none or a wrong one was given."""


class NewKey(NamedTuple):
    secret: str
    """AGE-SECRET-KEY-1..."""
    public: str
    """age1..."""


class Identities:
    """Private keys, held by a library that wipes them."""

    def __init__(self, keys: Sequence[object], public: Sequence[str]) -> None:
        self._keys = list(keys)
        self.public = tuple(public)
        """Their public halves."""

    def __add__(self, other: "Identities") -> "Identities":
        return Identities(self._keys + other._keys, self.public + other.public)

    def decrypt(self, source: "SealedSource", sink: "Pipe") -> None:
        """Raises pyrage.DecryptError, OSError."""
        pyrage.decrypt_io(source, sink, self._keys)


def new_key() -> NewKey:
    """A new age key pair."""
    identity = pyrage.x25519.Identity.generate()
    return NewKey(str(identity), str(identity.to_public()))


def lock_with_passphrase(secret: bytes, passphrase: str) -> bytes:
    """An age file that holds `secret` and opens with the passphrase alone (scrypt)."""
    sealed: bytes = pyrage.passphrase.encrypt(secret, passphrase)
    return sealed


def identities_untrusted(text: bytes | str, passphrase: str | None = None) -> Identities:
    """The private keys in a key file: lines AGE-SECRET-KEY-1... and comments (#), or such a file locked with
    a passphrase by age. Raises BadKey, NeedsPassphrase."""
    data = text.encode() if isinstance(text, str) else text
    if len(data) > _MAX_KEY_FILE_BYTES:
        raise BadKey(f"{len(data)} bytes are no key file")
    if data.startswith(MAGIC) or data.lstrip().startswith(_ARMOR.encode()):
        data = _unlock(data, passphrase)
    keys: list[object] = []
    public: list[str] = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip() or line.strip().startswith("#"):
            continue
        try:
            key = pyrage.x25519.Identity.from_str(line.strip().upper())
        except pyrage.IdentityError as error:
            raise BadKey(f"line {number}: {error}") from None
        keys.append(key)
        public.append(str(key.to_public()))
    if not keys:
        raise BadKey("there is no private key in it")
    return Identities(keys, public)


def _unlock(data: bytes, passphrase: str | None) -> bytes:
    if passphrase is None:
        raise NeedsPassphrase("the key is locked with a passphrase")
    try:
        opened: bytes = pyrage.passphrase.decrypt(data, passphrase)
    except (pyrage.DecryptError, OSError, ValueError) as error:
        raise NeedsPassphrase(f"the passphrase does not open the key: {error}") from None
    return opened


class StreamEnd(StrEnum):
    """How a stream ended."""

    WHOLE = "whole"
    CUT = "cut"
    """It stops before its last chunk; everything that came is genuine."""
    DAMAGED = "damaged"
    """A chunk or the header is not what was written; everything before it is genuine."""
    WRONG_KEY = "wrong-key"
    """None of the keys opens it; nothing came out."""


class SealedSource(Protocol):
    def read(self, most: int) -> bytes: ...


class Unsealed:
    """The plaintext of an age file, or of two nested ones if there are two locks. Close it, or use `with`.

    It ends where nothing more can be opened; `ending` then says why. It never returns a byte that was not
    authenticated.
    """

    def __init__(self, source: SealedSource, identities: Identities) -> None:
        self._identities = identities
        self._endings: list[StreamEnd | None] = []
        """Of each layer, outer first; set before its pipe ends."""
        self._pipes: list[Pipe] = []
        self._threads: list[threading.Thread] = []
        self._out = self._layer(source)
        if self._out.peek(len(MAGIC)) == MAGIC:
            self._out = self._layer(self._out)
        self._ended = False

    def __enter__(self) -> "Unsealed":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def read(self, most: int) -> bytes:
        """Exactly `most` bytes, fewer only at the end."""
        parts: list[bytes] = []
        wanted = most
        while wanted > 0 and not self._ended:
            part = self._out.read(wanted)
            if not part:
                self._ended = True
            parts.append(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    @property
    def ending(self) -> StreamEnd | None:
        """None until it has ended. The outer layer decides: the inner one only echoes it."""
        if not self._ended:
            return None
        return next(
            (ending for ending in self._endings if ending not in (None, StreamEnd.WHOLE)), StreamEnd.WHOLE
        )

    @property
    def layers(self) -> int:
        return len(self._pipes)

    def close(self) -> None:
        """End its threads."""
        for pipe in self._pipes:
            pipe.abandon()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def _layer(self, source: SealedSource) -> Pipe:
        pipe = Pipe(_MAX_PIPE_BYTES)
        at = len(self._endings)
        self._endings.append(None)
        self._pipes.append(pipe)
        thread = threading.Thread(
            target=self._unseal, args=(source, pipe, at), name=f"unsealer-{at}", daemon=True
        )
        self._threads.append(thread)
        thread.start()
        return pipe

    def _unseal(self, source: SealedSource, sink: Pipe, at: int) -> None:
        counted = _WatchedSource(source)
        ending = StreamEnd.DAMAGED
        try:
            self._identities.decrypt(counted, sink)
            ending = StreamEnd.WHOLE
        except (pyrage.DecryptError, OSError, Broken) as error:
            ending = _end_of(str(error))
            if ending is StreamEnd.DAMAGED and counted.is_cut(sink.passed):
                ending = StreamEnd.CUT
        finally:
            self._endings[at] = ending
            sink.end()


class _WatchedSource:
    """Watches a source, because the library reports a cut chunk as damaged."""

    def __init__(self, source: SealedSource) -> None:
        self._source = source
        self._taken = 0
        self._beginning = b""
        self._ended = False

    def read(self, most: int) -> bytes:
        part = self._source.read(most)
        self._taken += len(part)
        self._ended = self._ended or not part
        if len(self._beginning) < MAX_HEADER_BYTES:
            self._beginning += part[: MAX_HEADER_BYTES - len(self._beginning)]
        return part

    def is_cut(self, opened: int) -> bool:
        """Whether the source ended within the chunk that follows the first `opened` bytes of plaintext."""
        header = header_length(self._beginning)
        if header is None or not self._ended:
            return False
        return 0 < self._taken - header - opened // CHUNK_BYTES * SEALED_CHUNK_BYTES < SEALED_CHUNK_BYTES


_NO_KEY = "No matching keys found"
_CUT = ("age file is truncated", "Incomplete header", "failed to fill whole buffer")


def _end_of(words: str) -> StreamEnd:
    """From the library's messages, which are all it gives; a test holds them."""
    if _NO_KEY in words:
        return StreamEnd.WRONG_KEY
    return StreamEnd.CUT if any(each in words for each in _CUT) else StreamEnd.DAMAGED
