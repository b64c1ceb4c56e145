"""A recording opened with private keys: its blocks in order, and a Fault for whatever is missing or damaged.

Every block that is returned is proven: a segment's header is compared with what the manifest signed, and
after it age authenticates each chunk under that header's own key, up to the first that fails. Blocks that
cannot be proven are left out unless `unproven` asks for them; then a Fault precedes them.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from recorder.format.blocks import Block, Track
from recorder.format.chain import ManifestReading, read_untrusted, segments
from recorder.format.entries import BadEntry, OpeningEntry, parse_entry_untrusted
from recorder.format.manifest import AuditLine, KeyInfo
from recorder.instants import clock
from recorder.opening.archive import Archive, BadArchive
from recorder.opening.demux import BadMatroska, CutShort, demux
from recorder.opening.faults import Fault, FaultCode
from recorder.opening.plan import PlannedSegment, plan_segments, signed_prefix
from recorder.opening.unsealed import Identities, SealedSource, StreamEnd, Unsealed
from recorder.storage.signing import fingerprint, verified

_HASH_PART = 1 << 20
_BEFORE_OPENING = 64
"""How many blocks may come before a segment says which one it is."""


@dataclass(frozen=True, slots=True)
class Summary:
    recording: str
    meeting: str
    title: str
    begun_ms: int
    """Unix time of at_ms 0; 0 if the manifest does not say."""
    until_ms: int
    """at_ms of the manifest's last line."""
    finished: bool
    keys: tuple[KeyInfo, ...]
    signed_by: str
    """Fingerprint of the server's key; empty if nothing is proven."""
    head: str
    """Hash of the manifest's last line, which the server's audit log also has."""
    audit: AuditLine | None
    """How far the server's audit log had come when it began; None: the manifest does not say."""
    segments: tuple[int, ...]
    size_bytes: int
    """Of all segment files."""
    faults: tuple[Fault, ...]
    """Of the whole, as far as is visible without reading the segments."""


class OpenedRecording:
    """Raises BadArchive if the manifest file cannot be read."""

    def __init__(
        self,
        archive: Archive,
        identities: Identities | None,
        trusted: bytes | None = None,
        unproven: bool = False,
    ) -> None:
        self._archive = archive
        self._identities = identities
        self._unproven = unproven
        manifest = archive.manifest()
        self.reading = read_untrusted(manifest or b"", verified, trusted)
        self.plan = plan_segments(archive, segments(self.reading.lines))
        self.summary = _summary(archive, self.reading, self.plan, manifest is None, trusted)

    def blocks(self, first_segment: int = 1) -> Iterator[Block | Fault]:
        """All segments in order, from `first_segment` on. A Fault says what is missing or damaged; reading
        continues after it."""
        for planned in self.plan:
            if planned.number >= first_segment:
                yield from self._segment(planned)

    def segment_blocks(self, number: int) -> Iterator[Block | Fault]:
        """The same for one segment."""
        for planned in self.plan:
            if planned.number == number:
                yield from self._segment(planned)

    def _segment(self, planned: PlannedSegment) -> Iterator[Block | Fault]:
        if planned.fault is not None:
            yield planned.fault
        if planned.file is None or not (planned.proven or self._unproven):
            return
        if self._identities is None:
            yield Fault(planned.number, planned.at_ms, FaultCode.WRONG_KEY, "no key was given")
            return
        try:
            part = self._archive.segment(planned.file)
        except BadArchive as error:
            yield Fault(planned.number, planned.at_ms, FaultCode.DAMAGED, f"cannot be read: {error}")
            return
        with closing(part), Unsealed(part, self._identities) as unsealed:
            reached: int | None = None
            trouble: Fault | None = None
            try:
                for block in self._checked(planned, unsealed):
                    reached = max(block.at_ms, reached or 0)
                    yield block
            except CutShort:
                pass  # `ending` says why
            except BadMatroska as error:
                trouble = self._not_matroska(planned, reached, error)
            except _ForeignSegment as error:
                trouble = Fault(planned.number, planned.at_ms, FaultCode.FOREIGN, str(error))
            while unsealed.read(_HASH_PART):
                pass  # only the end shows whether it was whole
            ending = trouble or self._ending(planned, unsealed.ending, reached)
        if ending is not None:
            yield ending

    def _checked(self, planned: PlannedSegment, stream: SealedSource) -> Iterator[Block]:
        """The blocks; those of an unproven segment only once it has said which one it is. Raises
        _ForeignSegment, CutShort, BadMatroska."""
        held: list[Block] | None = None if planned.proven else []
        try:
            for block in demux(stream):
                if held is None:
                    yield block
                    continue
                held.append(block)
                if self._is_opening(planned, block):
                    yield from held
                    held = None
                elif len(held) > _BEFORE_OPENING:
                    raise _ForeignSegment("it does not say which recording it belongs to")
        finally:
            if held:
                held.clear()

    def _is_opening(self, planned: PlannedSegment, block: Block) -> bool:
        if block.track is not Track.ENTRIES:
            return False
        try:
            entry = parse_entry_untrusted(block.data)
        except BadEntry:
            return False
        if not isinstance(entry, OpeningEntry):
            return False
        ours = self.summary.recording
        if ours and entry.recording != ours:
            raise _ForeignSegment("it belongs to another recording")
        if entry.segment != planned.number:
            raise _ForeignSegment(f"it is segment {entry.segment} by its contents")
        return True

    def _not_matroska(self, planned: PlannedSegment, reached: int | None, error: BadMatroska) -> Fault:
        words = f"its contents cannot be understood ({error}); {_readable(reached)}"
        return Fault(planned.number, _from(planned, reached), FaultCode.NOT_MATROSKA, words)

    def _ending(self, planned: PlannedSegment, end: StreamEnd | None, reached: int | None) -> Fault | None:
        """The fault at the end of a segment; None if it ended as it should."""
        record, at_ms = planned.record, _from(planned, reached)
        if end is StreamEnd.WRONG_KEY:
            words = "none of the keys that were given opens it"
            return Fault(planned.number, planned.at_ms, FaultCode.WRONG_KEY, words)
        if end is StreamEnd.WHOLE or end is None:
            return None
        there = self._archive.segments.get(planned.file or 0, 0)
        if record is not None and there < record.size_bytes:
            words = f"{there} of at least {record.size_bytes} bytes are left; {_readable(reached)}"
            return Fault(planned.number, at_ms, FaultCode.SHORTENED, words)
        if record is not None and not record.ended and self._as_signed(planned):
            words = f"the recorder was interrupted; {_readable(reached)}"
            return Fault(planned.number, at_ms, FaultCode.INTERRUPTED, words, grave=False)
        words = "cut off" if end is StreamEnd.CUT else "damaged: a part of it is not what was written"
        code = FaultCode.SHORTENED if end is StreamEnd.CUT and record is None else FaultCode.DAMAGED
        return Fault(planned.number, at_ms, code, f"{words}; {_readable(reached)}")

    def _as_signed(self, planned: PlannedSegment) -> bool:
        assert planned.record is not None
        return signed_prefix(self._archive, planned)[1] if planned.record.points else True


class _ForeignSegment(Exception):
    """A segment that is not the one its place says."""


def _summary(
    archive: Archive,
    reading: ManifestReading,
    plan: tuple[PlannedSegment, ...],
    missing: bool,
    trusted: bytes | None,
) -> Summary:
    opening = reading.opening
    first = opening or reading.claimed
    return Summary(
        recording=first.recording if first else "",
        meeting=first.meeting if first else "",
        title=first.title if first else "",
        begun_ms=first.unix_ms if first else 0,
        until_ms=reading.lines[-1].at_ms if reading.lines else 0,
        finished=reading.end is not None,
        keys=first.keys if first else (),
        signed_by=fingerprint(reading.public) if reading.lines else "",
        head=reading.head.sha256 if reading.lines else "",
        audit=reading.audit,
        segments=tuple(dict.fromkeys(each.number for each in plan)),
        size_bytes=sum(archive.segments.values()),
        faults=tuple(_overall_faults(archive, reading, missing, trusted)),
    )


def _overall_faults(
    archive: Archive, reading: ManifestReading, missing: bool, trusted: bytes | None
) -> Iterator[Fault]:
    if missing:
        yield Fault(0, 0, FaultCode.NO_MANIFEST, "the manifest is missing: nothing can be proven")
    elif not reading.lines:
        other = trusted is not None and reading.claimed is not None
        whose = "another key than the one that is trusted signed the manifest" if other else "no line holds"
        yield Fault(0, 0, FaultCode.FORGED, f"{whose}: nothing can be proven")
    else:
        for flaw in reading.flaws:
            code = FaultCode.FORGED if flaw.forged else FaultCode.MANIFEST
            yield Fault(0, 0, code, flaw.words)
        if reading.opening is None:
            yield Fault(0, 0, FaultCode.MANIFEST, "the first line of the manifest is missing or damaged")
        if reading.end is None:
            words = "the recording was not finished, or the end of the manifest was cut off"
            yield Fault(0, reading.lines[-1].at_ms, FaultCode.NOT_FINISHED, words, grave=False)
    for words in archive.strange:
        yield Fault(0, 0, FaultCode.STRANGE, f"does not belong: {words}", grave=False)


def _from(planned: PlannedSegment, reached: int | None) -> int:
    return planned.at_ms if reached is None else reached


def _readable(reached: int | None) -> str:
    return "nothing of it is readable" if reached is None else f"readable up to {clock(reached)}"
