"""Recovering: whatever is readable is written as Matroska that any player accepts."""

import io
from pathlib import Path

import av
import pytest

from recorder.opening.archive import open_archive
from recorder.opening.demux import demux
from recorder.opening.faults import FaultCode
from recorder.opening.recover import CannotWrite, Recovered, recover
from tests.support.recorded import pictures, tone
from tests.support.sealed_recording import SEGMENT_MS, SERVER, Made, keys, make

pytestmark = pytest.mark.record


def recovered(made: Made, out: Path, unproven: bool = False) -> Recovered:
    return recover(open_archive(made.path), made.keys.identities, out, SERVER.public, unproven)


@pytest.mark.parametrize("locks", [1, 2])
def test_all_segments_come_out_as_they_were(tmp_path: Path, locks: int) -> None:
    made = make(tmp_path / "in", locks=keys(locks))
    result = recovered(made, tmp_path / "out")
    assert result.faults == []
    assert [path.name for path in result.files] == ["000001.mkv", "000002.mkv", "000003.mkv"]
    for number, path in enumerate(result.files, 1):
        assert list(demux(io.BytesIO(path.read_bytes()))) == made.blocks[number]
        assert path.stat().st_mode & 0o777 == 0o600
    assert result.blocks == sum(map(len, made.blocks.values()))
    assert result.until_ms == made.blocks[3][-1].at_ms


def test_a_player_opens_a_recording_recovered_from_a_crash(tmp_path: Path) -> None:
    from_ms = SEGMENT_MS
    seen, heard = pictures(12, 10, (320, 180), at_ms=from_ms), tone(1.2, 440.0, at_ms=from_ms)
    more = sorted(seen + heard, key=lambda block: block.at_ms)
    made = make(tmp_path / "in", segments=2, finish=False, more=more)
    result = recovered(made, tmp_path / "out")
    assert all(not fault.grave for fault in result.faults)
    with av.open(str(result.files[1])) as container:
        types = [stream.type for stream in container.streams]
        assert types[:5] == ["video", "video", "audio", "audio", "audio"]
        found = [
            (packet.stream_index, packet.pts, bytes(packet)) for packet in container.demux() if packet.size
        ]
    for blocks, stream in ((seen, 0), (heard, 2)):
        assert [(at_ms, data) for index, at_ms, data in found if index == stream] == [
            (block.at_ms, block.data) for block in blocks
        ]


def test_a_damaged_segment_is_recovered_up_to_the_damage(tmp_path: Path) -> None:
    made = make(tmp_path / "in")
    path = made.path / "000002.mkv.age"
    data = bytearray(path.read_bytes())
    data[90_000] ^= 1
    path.write_bytes(data)
    (made.path / "000003.mkv.age").unlink()
    result = recovered(made, tmp_path / "out")
    assert [(fault.segment, fault.code) for fault in result.faults] == [
        (2, FaultCode.DAMAGED),
        (3, FaultCode.MISSING),
    ]
    assert len(result.files) == 2
    found = list(demux(io.BytesIO(result.files[1].read_bytes())))
    assert 0 < len(found) < len(made.blocks[2])
    assert found == made.blocks[2][: len(found)]


def test_a_wrong_key_leaves_no_file(tmp_path: Path) -> None:
    made = make(tmp_path / "in", segments=1)
    result = recover(open_archive(made.path), keys().identities, tmp_path / "out")
    assert result.files == []
    assert list((tmp_path / "out").iterdir()) == []
    assert [fault.code for fault in result.faults] == [FaultCode.WRONG_KEY]


def test_without_a_manifest_it_is_recovered_on_request(tmp_path: Path) -> None:
    made = make(tmp_path / "in", segments=1)
    (made.path / "manifest.jsonl").unlink()
    assert recovered(made, tmp_path / "a").files == []
    result = recovered(made, tmp_path / "b", unproven=True)
    assert list(demux(io.BytesIO(result.files[0].read_bytes()))) == made.blocks[1]
    with av.open(str(result.files[0])) as container:
        assert container.metadata["title"] == "Giao ban sáng"


def test_existing_files_are_not_overwritten(tmp_path: Path) -> None:
    made = make(tmp_path / "in", segments=1)
    (tmp_path / "000001.mkv").write_text("mine")
    with pytest.raises(CannotWrite, match="already"):
        recovered(made, tmp_path)
    assert (tmp_path / "000001.mkv").read_text() == "mine"
