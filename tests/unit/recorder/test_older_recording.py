"""A recording made by an earlier version verifies and opens to the same blocks, and the current code would
write the same lines and entries, byte for byte. The data is never generated again."""

import base64
import json
from pathlib import Path

import msgspec
import pytest

from recorder import RecordingId, Stage, Status, Trouble, shelf
from recorder.format.blocks import Block, Track
from recorder.format.entries import entry_json, parse_entry_untrusted
from recorder.format.manifest import BadManifest, line_bytes, parse_line_untrusted
from recorder.opening.archive import open_archive
from recorder.opening.opened import OpenedRecording
from recorder.opening.unsealed import Identities, identities_untrusted
from recorder.opening.verify import verify
from recorder.storage.segment_file import MANIFEST
from sfu import RoomId
from tests.support.sealed_recording import SERVER

pytestmark = pytest.mark.record

DATA = Path(__file__).with_name("data") / "format-1"
NAME = "20260921-100000-ab12-beef"


def identities() -> Identities:
    return identities_untrusted((DATA / "keys.txt").read_bytes())


def expected_blocks() -> list[Block]:
    blocks: list[Block] = []
    for line in (DATA / "blocks.jsonl").read_text(encoding="utf-8").splitlines():
        block = json.loads(line)
        data = block["text"].encode() if "text" in block else base64.b64decode(block["base64"])
        blocks.append(Block(Track(block["track"]), block["at_ms"], data, block["key"]))
    return blocks


def test_it_verifies() -> None:
    verified = verify(open_archive(DATA / NAME), identities(), SERVER.public)
    assert verified.complete
    assert verified.faults == []


def test_it_opens_to_the_same_blocks() -> None:
    opened = OpenedRecording(open_archive(DATA / NAME), identities(), SERVER.public)
    assert list(opened.blocks()) == expected_blocks()


def test_it_is_listed() -> None:
    (listed,) = shelf.recordings(DATA)
    assert (listed.id, listed.meeting, listed.title) == (NAME, "AB12", "Giao ban sáng")
    assert (listed.segments, listed.finished) == (2, True)


def test_current_code_writes_the_same_entries() -> None:
    entries = [block.data for block in expected_blocks() if block.track is Track.ENTRIES]
    kinds = {json.loads(entry)["type"] for entry in entries}
    assert kinds == {"opening", "slots", "people", "floor", "mark", "gap"}
    assert [entry_json(parse_entry_untrusted(entry)) for entry in entries] == entries


def test_current_code_writes_the_same_lines() -> None:
    kinds: set[str] = set()
    for raw in (DATA / NAME / MANIFEST).read_bytes().splitlines(keepends=True):
        try:
            line, _, _ = parse_line_untrusted(raw)
        except BadManifest:
            assert raw == b'{"kind":"checkpoint","n":\n'  # torn by a crash
            continue
        assert line_bytes(line, SERVER.sign) == raw
        kinds.add(json.loads(raw)["kind"])
    assert kinds == {"opening", "segment", "checkpoint", "segment-end", "again", "pause", "resume", "end"}


def test_a_status_keeps_its_key_on_the_wire() -> None:
    status = Status(RecordingId("r"), RoomId("room"), Stage.ON, Trouble.NONE, 0, 4321, -1)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(status))["octets"] == 4321
