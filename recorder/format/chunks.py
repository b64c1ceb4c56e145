"""How age cuts what it encrypts, and how much padding makes what was written readable. Pure.

A file of age v1 is a header, a nonce, and chunks of 64 KiB, each with its tag. The writer (rage) lets a chunk
out only when a byte of the next one comes, because the last chunk is marked as such; the header goes out with
the first chunk. With two locks the inner file is the plain text of the outer one, whose chunks lie elsewhere.

Source: C2SP age.md, "Payload"; rage's `StreamWriter`.
"""

from hashlib import sha256

CHUNK_BYTES = 65536
SEALED_CHUNK_BYTES = CHUNK_BYTES + 16

MAX_RECIPIENTS = 32
"""Of one lock."""
MIN_HEADER_BYTES = 150
MAX_HEADER_BYTES = 8192
"""Bytes of header and nonce: 98 for each recipient, and a stanza of nonsense of random length ("grease")."""
MIN_VOID_BYTES = 2
"""Bytes of the smallest EBML Void."""

_NONCE_BYTES = 16
_LAST_LINE = b"\n--- "
_MAGIC = b"age-encryption.org/v1\n"


def readable(written: int, layers: int) -> int:
    """How many of `written` bytes can surely be read from what has left the writer by now.

    Shapes: layers is 1, or 2 with a second lock.
    """
    came = _sealed(written)
    for _ in range(layers - 1):
        came = _sealed(max(0, MIN_HEADER_BYTES + came // CHUNK_BYTES * SEALED_CHUNK_BYTES if came else 0))
    plain = came
    for _ in range(layers - 1):
        plain = max(0, plain - MAX_HEADER_BYTES) // SEALED_CHUNK_BYTES * CHUNK_BYTES
    return min(plain, written)


def padding(written: int, layers: int, useful: int | None = None) -> int:
    """How many bytes of Void, written now, make the first `useful` bytes (all that were written, unless
    said otherwise) readable; 0 when they are. Never 1, which no Void can have."""
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
    """Length of an age file's header with the nonce behind it; None when `beginning` does not hold it all.

    The header says who can open the file, and is tied to the file's own key: where it is unchanged, each
    chunk that can be opened at all is what was written there.
    """
    if not beginning.startswith(_MAGIC):
        return None
    last = beginning.find(_LAST_LINE, 0, MAX_HEADER_BYTES)
    end = beginning.find(b"\n", last + 1) if last >= 0 else -1
    if end < 0 or end + 1 + _NONCE_BYTES > len(beginning):
        return None
    return end + 1 + _NONCE_BYTES


def header_hash(beginning: bytes) -> str:
    """SHA-256 of that header with its nonce, as a manifest signs it; empty when there is none."""
    length = header_length(beginning)
    return "" if length is None else sha256(beginning[:length]).hexdigest()


def _sealed(written: int) -> int:
    """Bytes in chunks that have left one layer."""
    return max(0, written - 1) // CHUNK_BYTES * CHUNK_BYTES


def _ceil_div(count: int, part: int) -> int:
    return -(-count // part)
