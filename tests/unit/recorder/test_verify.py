"""Verifying: without a key, whether it is what the server signed; with one, whether it can be read."""

import shutil
from pathlib import Path

import pytest

from recorder.opening.archive import open_archive
from recorder.opening.faults import FaultCode
from recorder.opening.verify import Verified, verify
from tests.support.sealed_recording import SERVER, Made, make

pytestmark = pytest.mark.record


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("verify"))


@pytest.fixture
def made(original: Made, tmp_path: Path) -> Made:
    path = tmp_path / original.path.name
    shutil.copytree(original.path, path)
    return Made(path, original.keys, original.blocks)


def shallow(made: Made) -> Verified:
    return verify(open_archive(made.path), None, SERVER.public)


def deep(made: Made) -> Verified:
    return verify(open_archive(made.path), made.keys.identities, SERVER.public)


def test_a_whole_recording_is_genuine_and_complete(made: Made) -> None:
    for result in (shallow(made), deep(made)):
        assert result.complete
        assert all(verdict.intact for verdict in result.verdicts)
    assert [verdict.until_ms for verdict in shallow(made).verdicts] == [-1, -1, -1]
    assert [verdict.until_ms for verdict in deep(made).verdicts] == [
        blocks[-1].at_ms for blocks in made.blocks.values()
    ]


def test_a_changed_byte_is_found_without_a_key(made: Made) -> None:
    path = made.path / "000002.mkv.age"
    data = bytearray(path.read_bytes())
    data[len(data) - 5_000] ^= 1
    path.write_bytes(data)
    result = shallow(made)
    (fault,) = result.faults
    assert (fault.segment, fault.code) == (2, FaultCode.CHANGED)
    assert str(fault) == "segment 2: it was changed after it was signed; unchanged up to 00:00:15"
    assert [verdict.intact for verdict in result.verdicts] == [True, False, True]
    assert not result.genuine


def test_a_shortened_segment_is_found_without_a_key(made: Made) -> None:
    path = made.path / "000003.mkv.age"
    path.write_bytes(path.read_bytes()[:-1])
    (fault,) = shallow(made).faults
    assert (fault.segment, fault.code) == (3, FaultCode.SHORTENED)


def test_bytes_added_after_the_end_are_found(made: Made) -> None:
    with open(made.path / "000001.mkv.age", "ab") as file:
        file.write(b"more")
    assert [(fault.segment, fault.code) for fault in shallow(made).faults] == [(1, FaultCode.CHANGED)]


def test_with_a_key_it_says_how_far_a_damaged_segment_can_be_read(made: Made) -> None:
    path = made.path / "000002.mkv.age"
    data = bytearray(path.read_bytes())
    data[90_000] ^= 1
    path.write_bytes(data)
    result = deep(made)
    assert {fault.code for fault in result.faults} == {FaultCode.CHANGED, FaultCode.DAMAGED}
    verdict = result.verdicts[1]
    assert verdict.blocks > 0
    assert made.blocks[2][0].at_ms < verdict.until_ms < made.blocks[2][-1].at_ms


def test_an_interrupted_recording_is_genuine_but_not_complete(tmp_path: Path) -> None:
    made = make(tmp_path, segments=2, finish=False)
    for result in (shallow(made), deep(made)):
        assert result.genuine
        assert not result.complete


def test_progress_ends_at_the_total(made: Made) -> None:
    steps: list[tuple[int, int]] = []
    verify(open_archive(made.path), None, SERVER.public, lambda done, total: steps.append((done, total)))
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1] > 0
