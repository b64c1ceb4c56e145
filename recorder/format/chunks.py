"""How age cuts its plaintext into chunks, and how much padding makes everything written so far readable.

An age v1 file is a header, a nonce, and chunks of 64 KiB, each with its tag. The last chunk is marked as
last, so the writer (rage) emits a chunk only when a byte of the next one arrives; the header goes out with
the first chunk. With two locks the inner file is the plaintext of the outer one, so their chunks do not line
up.

Source: C2SP age.md, "Payload"; rage's `StreamWriter`.
"""

from hashlib import sha256

CHUNK_BYTES = 65536
SEALED_CHUNK_BYTES = CHUNK_BYTES + 16

MAX_RECIPIENTS = 32
"""Per lock."""
MIN_HEADER_BYTES = 150
MAX_HEADER_BYTES = 8192
"""Header and nonce: 98 bytes for each recipient, and a stanza of random bytes and length ("grease")."""
MIN_VOID_BYTES = 2
"""The smallest EBML Void."""

_NONCE_BYTES = 16
_LAST_LINE = b"\n--- "
_MAGIC = b"age-encryption.org/v1\n"


def readable(written: int, layers: int) -> int:
    """How many of the `written` bytes are sure to be readable from what has left the writer by now.

    `layers` is 1, or 2 with a second lock.
    """
    came = _sealed(written)
    for _ in range(layers - 1):
        came = _sealed(max(0, MIN_HEADER_BYTES + came // CHUNK_BYTES * SEALED_CHUNK_BYTES if came else 0))
    plain = came
    for _ in range(layers - 1):
        plain = max(0, plain - MAX_HEADER_BYTES) // SEALED_CHUNK_BYTES * CHUNK_BYTES
    return min(plain, written)


def padding(written: int, layers: int, useful: int | None = None) -> int:
    """How many bytes of Void to write now so that the first `useful` bytes (default: all that were written)
    become readable; 0 if they already are. Never 1, because no Void is that short."""
    useful = written if useful is None else useful
    if useful <= readable(written, layers):
        return 0
    wanted = useful
    for _ in range(layers - 1):
        wanted = MAX_HEADER_BYTES + _ceil_div(wanted, CHUNK_BYTES) * SEALED_CHUNK_BYTES
    total = _ceil_div(wanted, CHUNK_BYTES) * CHUNK_BYTES + 1
    for _ in range(layers - 1):
        total = _ceil_div(max(0, total - MIN_HEADER_BYTES), SEALED_CHUNK_BYTES) * CHUNK_BYTES + 1
    return max(MIN_VOID_BYTES, total - written)


def header_length(beginning: bytes) -> int | None:
    """Length of an age file's header including the nonce; None if `beginning` does not hold all of it.

    The header says who can open the file and is tied to the file's own key: if it is unchanged, every chunk
    that can be opened is what was written there.
    """
    if not beginning.startswith(_MAGIC):
        return None
    last = beginning.find(_LAST_LINE, 0, MAX_HEADER_BYTES)
    end = beginning.find(b"\n", last + 1) if last >= 0 else -1
    if end < 0 or end + 1 + _NONCE_BYTES > len(beginning):
        return None
    return end + 1 + _NONCE_BYTES


def header_hash(beginning: bytes) -> str:
    """SHA-256 of that header with its nonce, as a manifest signs it; empty if there is none."""
    length = header_length(beginning)
    return "" if length is None else sha256(beginning[:length]).hexdigest()


def _sealed(written: int) -> int:
    """How many of the bytes are in chunks that have left one layer."""
    return max(0, written - 1) // CHUNK_BYTES * CHUNK_BYTES


def _ceil_div(count: int, part: int) -> int:
    return -(-count // part)
