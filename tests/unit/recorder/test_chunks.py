"""How much padding makes the data readable: checked against the age library itself."""

import contextlib
import io

import pyrage  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.format.chunks import (
    CHUNK_BYTES,
    MAX_HEADER_BYTES,
    MIN_VOID_BYTES,
    header_length,
    padding,
    readable,
)

pytestmark = pytest.mark.record

KEYS = [pyrage.x25519.Identity.generate() for _ in range(2)]
MOST = 6 * CHUNK_BYTES

near_a_chunk = st.builds(
    lambda chunks, beside: max(1, chunks * CHUNK_BYTES + beside), st.integers(0, 5), st.integers(-40, 40)
)
written = st.one_of(st.integers(1, MOST), near_a_chunk)
layers = st.sampled_from([1, 2])


class Out:
    """Collects what has left the writer when the reader is asked for more: what a crash then leaves."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def flush(self) -> None: ...


class Crash(Exception):
    pass


class UntilTheCrash:
    def __init__(self, data: bytes) -> None:
        self._left = io.BytesIO(data)

    def read(self, most: int) -> bytes:
        data = self._left.read(most)
        if not data:
            raise Crash
        return data


def left_by_a_crash(data: bytes, layers: int) -> bytes:
    """Two layers in turn, the inner first: its output is all that the outer one gets."""
    for layer in reversed(range(layers)):
        out = Out()
        with pytest.raises(pyrage.EncryptError):
            pyrage.encrypt_io(UntilTheCrash(data), out, [KEYS[layer].to_public()])
        data = out.data
    return data


def opened(data: bytes, layers: int) -> bytes:
    for layer in range(layers):
        out = Out()
        with contextlib.suppress(OSError, pyrage.DecryptError):
            pyrage.decrypt_io(io.BytesIO(data), out, [KEYS[layer]])
        data = out.data
    return data


def plain(size: int) -> bytes:
    line = b"what was said in a meeting, "
    return (line * (size // len(line) + 1))[:size]


@settings(max_examples=60)
@given(written, layers)
def test_after_padding_everything_written_before_can_be_read(size: int, layers: int) -> None:
    pad = padding(size, layers)
    assert opened(left_by_a_crash(plain(size) + bytes(pad), layers), layers)[:size] == plain(size)


@settings(max_examples=60)
@given(written, layers)
def test_no_more_is_promised_than_can_be_read(size: int, layers: int) -> None:
    assert len(opened(left_by_a_crash(plain(size), layers), layers)) >= readable(size, layers)


@given(st.integers(1, 1 << 33), layers)
def test_padding_is_bounded_and_added_once(size: int, layers: int) -> None:
    pad = padding(size, layers)
    assert MIN_VOID_BYTES <= pad <= (layers + 1) * CHUNK_BYTES
    assert padding(size + pad, layers, size) == 0


@given(st.integers(0, 1 << 33), layers)
def test_nothing_that_was_not_written_is_readable(size: int, layers: int) -> None:
    assert 0 <= readable(size, layers) <= size


def test_the_header_is_found_whatever_grease_it_holds() -> None:
    recipients = [key.to_public() for key in KEYS]
    for _ in range(200):
        sealed = pyrage.encrypt(b"", recipients)
        length = header_length(sealed)
        assert length == len(sealed) - 16
        assert header_length(sealed[: length - 1]) is None


@given(st.binary(max_size=600))
def test_bytes_without_a_header_have_no_header_length(data: bytes) -> None:
    assert header_length(data) is None
    length = header_length(b"age-encryption.org/v1\n" + data)
    assert length is None or length <= MAX_HEADER_BYTES + 600
