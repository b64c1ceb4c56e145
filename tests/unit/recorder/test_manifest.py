"""The manifest: each line proves itself, the chain shows what is missing, a crash's torn line is no fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from recorder import Recipient
from recorder.format.chain import ManifestReading, read_untrusted, segments
from recorder.format.manifest import (
    FORMAT,
    NO_LINE,
    AnyLine,
    AuditLine,
    BadManifest,
    CheckpointLine,
    EndLine,
    ManifestHead,
    OpeningLine,
    ReopenedLine,
    SegmentEndLine,
    SegmentLine,
    head_of,
    key_fingerprint,
    line_bytes,
    parse_line_untrusted,
)
from recorder.storage.folder import key_facts
from recorder.storage.signing import SigningKey, verified
from tests.support.sealed_recording import SERVER

pytestmark = pytest.mark.record

OPENING = OpeningLine(
    at_ms=0, format=FORMAT, meeting="AB12", title="Giao ban", keys=(), public=SERVER.public.hex()
)
LINES: tuple[AnyLine, ...] = (
    OPENING,
    SegmentLine(at_ms=0, segment=1),
    CheckpointLine(at_ms=2000, segment=1, size_bytes=100, sha256="aa", header="hh"),
    SegmentEndLine(at_ms=3000, segment=1, size_bytes=150, sha256="bb", header="hh", why="due"),
    SegmentLine(at_ms=3000, segment=2),
    CheckpointLine(at_ms=5000, segment=2, size_bytes=70, sha256="cc", header="ii"),
    ReopenedLine(at_ms=9000, segment=2, size_bytes=80, sha256="dd", header="ii", keys=()),
    SegmentLine(at_ms=9000, segment=3),
    EndLine(at_ms=9100, segments=3, total_bytes=230, why="stopped"),
)


def chain(lines: tuple[AnyLine, ...], recording: str = "x", key: SigningKey = SERVER) -> list[bytes]:
    head, written = ManifestHead(), []
    for line in lines:
        line = changed(line, n=head.n + 1, recording=recording, prev=head.sha256, unix_ms=5)
        written.append(line_bytes(line, key.sign))
        head = head_of(written[-1], line.n)
    return written


WRITTEN = chain(LINES)


def read(lines: list[bytes], trusted: bytes | None = SERVER.public) -> ManifestReading:
    return read_untrusted(b"".join(lines), verified, trusted)


def test_a_whole_manifest_is_proven() -> None:
    reading = read(WRITTEN)
    assert [type(line) for line in reading.lines] == [type(line) for line in LINES]
    assert reading.flaws == ()
    assert reading.end is not None
    assert reading.public == SERVER.public
    assert reading.lines[0].prev == NO_LINE


def test_the_audit_log_of_its_beginning_is_signed_with_it() -> None:
    audit = AuditLine(at_ms=0, number=7, hash="ab" * 32)
    reading = read(chain((OPENING, audit, *LINES[1:])))
    assert reading.flaws == ()
    assert reading.audit is not None
    assert (reading.audit.number, reading.audit.hash) == (7, "ab" * 32)
    assert read(WRITTEN).audit is None  # an older recording


def test_a_kind_of_line_that_this_program_does_not_know_leaves_all_others_proven() -> None:
    """So an older program stands before a line that came later."""
    written = chain((OPENING, AuditLine(at_ms=0, number=7, hash=""), *LINES[1:]))
    unknown = written[1].replace(b'"kind":"audit"', b'"kind":"other"')
    reading = read([written[0], unknown, *written[2:]])
    assert [type(line) for line in reading.lines] == [type(line) for line in LINES]
    assert reading.opening is not None
    assert reading.flaws
    assert not any(flaw.forged for flaw in reading.flaws)


def test_it_says_how_each_segment_ended() -> None:
    one, two, three = segments(read(WRITTEN).lines)
    assert (one.ended, one.crashed, one.size_bytes, one.at_ms, one.until_ms) == (True, False, 150, 0, 3000)
    assert (two.ended, two.crashed, two.size_bytes, two.at_ms, two.until_ms) == (False, True, 80, 3000, 5000)
    assert (three.ended, three.crashed, three.size_bytes, three.header) == (False, False, 0, "")
    assert [point.size_bytes for point in two.points] == [70, 80]


def test_a_line_torn_by_a_crash_is_no_flaw() -> None:
    torn = read([*WRITTEN[:6], WRITTEN[6][:40]])
    assert torn.torn
    assert torn.flaws == ()
    assert len(torn.lines) == 6
    again = read([*WRITTEN[:6], WRITTEN[7][:40] + b"\n", b"\0\0\0\n", *WRITTEN[6:]])
    assert again.flaws == ()
    assert len(again.lines) == len(WRITTEN)


def test_the_same_line_is_a_flaw_if_the_recorder_did_not_come_back() -> None:
    reading = read([*WRITTEN[:3], b"rubbish\n", *WRITTEN[3:]])
    assert len(reading.flaws) == 1
    assert len(reading.lines) == len(WRITTEN)


@given(st.integers(0, len(WRITTEN) - 1))
def test_a_missing_line_is_noticed_and_the_others_stay_valid(at: int) -> None:
    reading = read([*WRITTEN[:at], *WRITTEN[at + 1 :]])
    last = at == len(WRITTEN) - 1
    assert bool(reading.flaws) is not last
    assert (reading.end is None) is last
    assert len(reading.lines) == len(WRITTEN) - 1


@given(st.permutations(range(len(WRITTEN))))
def test_any_other_order_is_noticed(order: list[int]) -> None:
    reading = read([WRITTEN[at] for at in order])
    assert bool(reading.flaws) is (order != sorted(order))
    assert [line.n for line in reading.lines] == sorted(line.n for line in reading.lines)


@given(st.integers(0, sum(map(len, WRITTEN)) - 1), st.integers(0, 7))
def test_any_changed_bit_is_noticed(at: int, bit: int) -> None:
    data = bytearray(b"".join(WRITTEN))
    data[at] ^= 1 << bit
    reading = read_untrusted(bytes(data), verified, SERVER.public)
    assert reading.flaws or reading.torn
    assert len(reading.lines) >= len(WRITTEN) - 2


def test_lines_of_another_recording_of_the_same_server_are_rejected() -> None:
    other = chain(LINES, "y")
    reading = read([*WRITTEN[:4], *other[4:]])
    assert len(reading.lines) == 4
    assert any(flaw.forged for flaw in reading.flaws)


def test_another_signer_is_not_trusted() -> None:
    forger = SigningKey.new()
    opening = changed(OPENING, public=forger.public.hex())
    forged = chain((opening, *LINES[1:]), key=forger)
    assert read(forged).lines == ()
    assert all(flaw.forged for flaw in read(forged).flaws)
    assert read(forged, None).public == forger.public
    assert read(forged).claimed is not None


def test_a_line_with_another_signature_is_rejected() -> None:
    forged = chain(LINES, key=SigningKey.new())
    reading = read([*WRITTEN[:3], forged[3], *WRITTEN[4:]])
    assert any(flaw.forged for flaw in reading.flaws)
    assert len(reading.lines) == len(WRITTEN) - 1


@given(st.binary(max_size=500))
def test_arbitrary_bytes_prove_nothing(data: bytes) -> None:
    for trusted in (None, SERVER.public):
        reading = read_untrusted(data, verified, trusted)
        assert reading.lines == ()
        assert reading.opening is None


@given(st.binary(max_size=300), st.binary(min_size=64, max_size=64))
def test_arbitrary_lines_are_parsed_or_refused(body: bytes, signature: bytes) -> None:
    line = body + b',"sig":"' + signature.hex().encode() + b'"}'
    with pytest.raises(BadManifest):
        parse_line_untrusted(line)


def test_a_key_is_named_without_revealing_it() -> None:
    (known,) = key_facts((Recipient("Ban Giám đốc", "age1abc", second=True),))
    assert known.name == "Ban Giám đốc"
    assert known.second
    assert known.fingerprint == key_fingerprint(" AGE1ABC\n")
    assert "age1" not in known.fingerprint
