"""Any player can read the output: here libavformat, with the real decoders."""

import io

import av
import pytest

from recorder.format.blocks import Block, Track
from recorder.format.matroska import MAX_LATE_MS, cluster, header, size_of, void
from tests.support.recorded import beeps, counter_of, counters, in_order, on_track, pictures, tone

pytestmark = pytest.mark.record

BEGUN_MS = 1_760_000_000_000
AT_MS = 125_000
"""Where the segment begins: not at 0, like every segment after the first."""


def written(blocks: list[Block], *, padding: int = 0) -> bytes:
    """One cluster per half second, with padding between."""
    data = header("Giao ban sáng", BEGUN_MS)
    for begin in range(0, max(block.at_ms for block in blocks) + 1, 500):
        inside = [block for block in blocks if begin <= block.at_ms < begin + 500]
        if inside:
            data += cluster(begin, inside) + (void(padding) if padding else b"")
    return data


def real_blocks() -> list[Block]:
    return in_order(
        pictures(45, 15, at_ms=AT_MS),
        on_track(Track.SCREEN, pictures(30, 10, (640, 360), first=50, index=3, at_ms=AT_MS + 40)),
        beeps([AT_MS + 500], from_ms=AT_MS, until_ms=AT_MS + 3000),
        tone(2, 700, Track.VOICE_2, AT_MS + 1000),
        [Block(Track.WORDS, AT_MS + 10, "Trạm Y tế Nậm Cha: đang phát biểu".encode())],
        [Block(Track.ENTRIES, AT_MS + 10, b'{"type":"mark","at_ms":125010,"by":"A","text":"B"}')],
    )


@pytest.mark.parametrize("padding", [0, 2, 128, 129, 70_000])
def test_a_player_finds_every_block_at_its_instant(padding: int) -> None:
    blocks = real_blocks()
    found: list[Block] = []
    with av.open(io.BytesIO(written(blocks, padding=padding)), "r", format="matroska") as file:
        assert [stream.codec_context.name for stream in list(file.streams)[:3]] == ["vp8", "vp8", "opus"]
        for packet in file.demux():
            if packet.pts is None:
                continue
            assert packet.time_base is not None
            at_ms = round(float(packet.pts * packet.time_base) * 1000)
            track = Track(packet.stream.index + 1)
            found.append(Block(track, at_ms, bytes(packet), packet.is_keyframe))
    assert in_order(found) == blocks


def test_a_player_shows_every_picture_in_its_size() -> None:
    blocks = real_blocks()
    for number, size in ((0, (320, 180)), (1, (640, 360))):
        with av.open(io.BytesIO(written(blocks)), "r", format="matroska") as file:
            shown = list(file.decode(file.streams.video[number]))
        assert [counter_of(frame) for frame in shown] == [n for _, n in counters(blocks, Track(number + 1))]
        assert {(frame.width, frame.height) for frame in shown} == {size}


def test_a_player_hears_every_voice() -> None:
    with av.open(io.BytesIO(written(real_blocks())), "r", format="matroska") as file:
        samples = sum(frame.samples for frame in file.decode(file.streams.audio[1]))
    assert samples == 2 * 48_000


def test_a_player_shows_the_words_for_a_while() -> None:
    with av.open(io.BytesIO(written(real_blocks())), "r", format="matroska") as file:
        (words,) = [packet for packet in file.demux(file.streams[5]) if packet.pts is not None]
        assert (bytes(words).decode(), words.pts, words.duration) == (
            "Trạm Y tế Nậm Cha: đang phát biểu",
            AT_MS + 10,
            5000,
        )
        assert file.streams[5].language == "vie"
        assert file.metadata["title"] == "Giao ban sáng"
        assert file.metadata["creation_time"].startswith("2025-10-09T08:53:20")


def test_a_truncated_file_plays_up_to_its_last_whole_cluster() -> None:
    blocks = real_blocks()
    whole = written(blocks)
    last = whole.rindex(b"\x1f\x43\xb6\x75")
    with av.open(io.BytesIO(whole[: last + 40]), "r", format="matroska") as file:
        shown = [frame.pts for frame in file.decode(file.streams.video[0])]
    assert shown == [b.at_ms for b in blocks if b.track is Track.STAGE][: len(shown)]
    assert len(shown) >= 45 - 8


def test_a_late_block_keeps_its_instant() -> None:
    late = [*tone(0.02, 500, at_ms=60_000), *tone(0.02, 500, at_ms=60_000 - 700)]
    with av.open(io.BytesIO(header("", 0) + cluster(60_000, late)), "r", format="matroska") as file:
        assert [packet.pts for packet in file.demux() if packet.pts is not None] == [60_000, 59_300]
    # Beyond the range of 16 bits it is placed as far back as they reach.
    assert cluster(60_000, [Block(Track.STAGE, 0, b"")]) == cluster(
        60_000, [Block(Track.STAGE, 60_000 - MAX_LATE_MS, b"")]
    )


@pytest.mark.parametrize("size", [2, 3, 127, 128, 129, 130, 65_536, 200_000])
def test_padding_has_the_requested_size(size: int) -> None:
    assert len(void(size)) == size


def test_no_padding_is_one_byte_long() -> None:
    with pytest.raises(ValueError, match="1 bytes"):
        void(1)


@pytest.mark.parametrize(("length", "coded"), [(0, "80"), (126, "fe"), (127, "407f"), (16_383, "203fff")])
def test_a_size_never_looks_like_an_unknown_one(length: int, coded: str) -> None:
    assert size_of(length).hex() == coded
