"""A segment is read as far as it is good, whatever was done to it."""

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.format.blocks import Block, Track
from recorder.format.matroska import CLUSTER, cluster, element, header, unsigned, void
from recorder.opening.demux import BadMatroska, CutShort, demux

pytestmark = pytest.mark.record

HEADER = header("Giao ban", 1_760_000_000_000)


def some_blocks(count: int = 60) -> list[Block]:
    return [
        Block(track, number * 33, bytes([number]) * (1 + number * 7 % 300), key=number % 9 == 0 or track > 2)
        for number in range(count)
        for track in [Track(number % 7 + 1)]
    ]


def clusters(blocks: list[Block]) -> list[bytes]:
    return [cluster(blocks[at].at_ms, blocks[at : at + 10]) for at in range(0, len(blocks), 10)]


def whole(blocks: list[Block]) -> bytes:
    return HEADER + b"".join(part + void(40) for part in clusters(blocks))


class Dribble:
    """A stream that returns less than was requested."""

    def __init__(self, data: bytes, most: int) -> None:
        self._stream, self._most = io.BytesIO(data), most

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._most))


def read(data: bytes) -> tuple[list[Block], type[Exception] | None]:
    """What was read and how it ended."""
    found: list[Block] = []
    blocks = demux(io.BytesIO(data))
    while True:
        try:
            found.append(next(blocks))
        except StopIteration:
            return found, None
        except (BadMatroska, CutShort) as error:
            return found, type(error)


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_everything_is_read_back_however_it_arrives(most: int) -> None:
    blocks = some_blocks()
    assert list(demux(Dribble(whole(blocks), most))) == blocks


def test_after_any_cut_all_whole_blocks_are_read() -> None:
    blocks = some_blocks(30)
    data = whole(blocks)
    ends = [len(HEADER)]
    for part in clusters(blocks):
        ends += [ends[-1] + len(part), ends[-1] + len(part) + 40]
    for length in range(len(data)):
        found, error = read(data[:length])
        assert found == blocks[: len(found)]
        if length > len(HEADER):
            assert error is (None if length in ends else CutShort)
        # A block is there if its last byte is.
        there = sum(1 for block in blocks if data.find(block.data) + len(block.data) <= length)
        assert len(found) >= sum(10 for end in ends[1::2] if end <= length)
        assert len(found) <= there


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_properly(data: bytes) -> None:
    found, error = read(data)
    assert not found
    assert error is not None


@given(st.binary(max_size=400))
def test_arbitrary_bytes_after_a_good_beginning_are_refused_or_padding(data: bytes) -> None:
    blocks = some_blocks(10)
    found, _ = read(HEADER + cluster(0, blocks) + data)
    assert found[:10] == blocks


@given(st.binary(max_size=200))
def test_arbitrary_bytes_in_a_cluster_are_refused_properly(data: bytes) -> None:
    found, _ = read(HEADER + element(CLUSTER, unsigned(0xE7, 5) + data))
    assert all(block.at_ms >= 0 for block in found)


def test_flipped_bytes_never_break_the_reader() -> None:
    data = whole(some_blocks(40))
    dice = random.Random(5)
    for _ in range(3000):
        forged = bytearray(data)
        for _ in range(dice.randint(1, 4)):
            forged[dice.randrange(len(forged))] ^= 1 << dice.randrange(8)
        read(bytes(forged))


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        (bytes.fromhex("1f43b675 01ffffffffffffff"), "without a size"),
        (bytes.fromhex("1f43b675 0840000000"), "cluster of"),
        (HEADER, "between clusters"),
        (element(CLUSTER, b"\xa3\x85\x81\x00\x00\x80x"), "without a timestamp"),
        (cluster(0, [Block(Track.STAGE, -20, b"x")]), "before the beginning"),
        (element(CLUSTER, unsigned(0xE7, 0) + b"\xa3\x85\x89\x00\x00\x80x"), "unknown track"),
        (element(CLUSTER, unsigned(0xE7, 0) + b"\xa3\x85\x81\x00\x00\x82x"), "flags"),
        (element(CLUSTER, unsigned(0xE7, 1 << 60)), "cluster at"),
        (b"\x00\x00\x00", "no element"),
    ],
)
def test_errors_say_what_is_wrong(tail: bytes, words: str) -> None:
    with pytest.raises(BadMatroska, match=words):
        list(demux(io.BytesIO(HEADER + tail)))


def test_a_huge_length_costs_no_memory() -> None:
    # Padding that claims 2^55 bytes ends where the file ends.
    with pytest.raises(CutShort):
        list(demux(io.BytesIO(HEADER + b"\xec\x01\x7f\xff\xff\xff\xff\xff\xff" + bytes(1000))))
