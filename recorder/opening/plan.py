"""Which file to read each segment from, and what is already known to be wrong with it."""

from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256

from recorder.format.chain import SegmentRecord
from recorder.format.chunks import MAX_HEADER_BYTES, header_hash
from recorder.instants import clock
from recorder.opening.archive import Archive, BadArchive
from recorder.opening.faults import Fault, FaultCode

_HASH_PART = 1 << 20


@dataclass(frozen=True, slots=True)
class PlannedSegment:
    """A segment to read, and from which file."""

    number: int
    record: SegmentRecord | None
    """None if the manifest does not know it."""
    file: int | None
    proven: bool
    fault: Fault | None = None
    """To be reported before its blocks."""

    @property
    def at_ms(self) -> int:
        return self.record.at_ms if self.record else 0


def signed_prefix(archive: Archive, planned: PlannedSegment) -> tuple[int, bool]:
    """How many bytes of a segment's file are certainly as signed, and whether everything signed is intact.
    Raises BadArchive."""
    record = planned.record
    if record is None or planned.file is None:
        return 0, False
    total, done, good = sha256(), 0, 0
    with closing(archive.segment(planned.file)) as part:
        for point in record.points:
            while done < point.size_bytes:
                data = part.read(min(_HASH_PART, point.size_bytes - done))
                if not data:
                    return good, False
                done += len(data)
                total.update(data)
            if done == point.size_bytes and total.hexdigest() == point.sha256:
                good = done
    return good, not record.points or good == record.size_bytes


def plan_segments(archive: Archive, records: tuple[SegmentRecord, ...]) -> tuple[PlannedSegment, ...]:
    headers = {number: _header(archive, number) for number in archive.segments}
    used: set[int] = set()
    plan: list[PlannedSegment] = []
    for record in records:
        planned = _placed(archive, record, headers)
        used.add(planned.file or record.number)
        plan.append(planned)
    for number in headers.keys() - used:
        words = "the manifest does not know it: it may be of another recording"
        taken = any(planned.number == number for planned in plan)
        fault = Fault(number, 0, FaultCode.FOREIGN, words)
        plan.append(PlannedSegment(number, None, None if taken else number, False, fault))
    return tuple(sorted(plan, key=lambda each: (each.number, each.record is None)))


def _placed(archive: Archive, record: SegmentRecord, headers: dict[int, str]) -> PlannedSegment:
    number, there = record.number, record.number in headers
    if record.header:
        if headers.get(number) == record.header:
            return PlannedSegment(number, record, number, True)
        for other, header in headers.items():
            if header == record.header:
                words = f"its file has the name of segment {other}; it was found by its contents"
                return PlannedSegment(
                    number, record, other, True, Fault(number, record.at_ms, FaultCode.RENAMED, words)
                )
    if there and not record.header and not archive.segments[number]:
        there = False
    if there:
        return PlannedSegment(number, record, number, False, _unproven(record))
    if not record.header and not record.size_bytes and not record.ended:
        words = "the recorder was interrupted before anything was written"
        return PlannedSegment(
            number,
            record,
            None,
            False,
            Fault(number, record.at_ms, FaultCode.INTERRUPTED, words, grave=False),
        )
    words = f"missing: from {clock(record.at_ms)} until {clock(record.until_ms)}"
    return PlannedSegment(number, record, None, False, Fault(number, record.at_ms, FaultCode.MISSING, words))


def _unproven(record: SegmentRecord) -> Fault:
    if record.header:
        words = "its file is not the one that was signed: exchanged, or damaged at its beginning"
        return Fault(record.number, record.at_ms, FaultCode.REPLACED, words)
    words = "the manifest does not tell how its file begins: nobody can prove that it is genuine"
    return Fault(record.number, record.at_ms, FaultCode.UNPROVEN, words)


def _header(archive: Archive, number: int) -> str:
    """Hash of a file's age header; empty if it has none."""
    try:
        with closing(archive.segment(number)) as part:
            return header_hash(part.read(MAX_HEADER_BYTES))
    except BadArchive:
        return ""
