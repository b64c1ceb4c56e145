"""Verifying a recording: without a key, that it is what the server signed; with one, that it can be read."""

from collections.abc import Callable
from dataclasses import dataclass, field

from recorder.instants import clock
from recorder.opening.archive import Archive, BadArchive
from recorder.opening.faults import Fault, FaultCode
from recorder.opening.opened import OpenedRecording, Summary
from recorder.opening.plan import PlannedSegment, signed_prefix
from recorder.opening.unsealed import Identities

Progress = Callable[[int, int], None]
"""Called with the bytes done and the total."""


@dataclass(slots=True)
class SegmentVerdict:
    """The result for one segment."""

    number: int
    at_ms: int
    size_bytes: int
    """Of its file."""
    signed_bytes: int
    """How many of them are as signed."""
    intact: bool
    """Everything that was signed is there, unchanged."""
    blocks: int = 0
    until_ms: int = -1
    """Readable up to here; -1 if nothing is, or there was no key to try."""


@dataclass(slots=True)
class Verified:
    summary: Summary
    deep: bool
    """A key was given, so it was also read."""
    verdicts: list[SegmentVerdict] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def genuine(self) -> bool:
        """Nothing is missing, changed or foreign; it may have been interrupted."""
        return not any(fault.grave for fault in self.faults)

    @property
    def complete(self) -> bool:
        """Genuine, and finished in order."""
        return self.genuine and self.summary.finished


def verify(
    archive: Archive,
    identities: Identities | None = None,
    trusted: bytes | None = None,
    progress: Progress | None = None,
) -> Verified:
    """Read all of it. Raises BadArchive if the manifest file cannot be read; everything else is a Fault."""
    opened = OpenedRecording(archive, identities, trusted)
    result = Verified(opened.summary, identities is not None, faults=list(opened.summary.faults))
    total = opened.summary.size_bytes * (2 if identities is not None else 1)
    done = 0
    for planned in opened.plan:
        verdict = _hashed(archive, planned, result)
        result.verdicts.append(verdict)
        done += verdict.size_bytes
        if progress is not None:
            progress(done, total)
    if identities is None:
        result.faults += [planned.fault for planned in opened.plan if planned.fault is not None]
    else:
        _read(opened, result)
    if progress is not None:
        progress(total, total)
    result.faults.sort(key=lambda fault: (fault.segment, fault.at_ms))
    return result


def _hashed(archive: Archive, planned: PlannedSegment, result: Verified) -> SegmentVerdict:
    there = archive.segments.get(planned.file or 0, 0)
    verdict = SegmentVerdict(planned.number, planned.at_ms, there, 0, False)
    if planned.file is None or not planned.proven or planned.record is None:
        return verdict
    try:
        verdict.signed_bytes, verdict.intact = signed_prefix(archive, planned)
    except BadArchive as error:
        result.faults.append(Fault(planned.number, planned.at_ms, FaultCode.DAMAGED, str(error)))
        return verdict
    fault = _hash_fault(planned, verdict)
    if fault is not None:
        result.faults.append(fault)
    return verdict


def _hash_fault(planned: PlannedSegment, verdict: SegmentVerdict) -> Fault | None:
    record = planned.record
    assert record is not None
    surely = max(
        (point.at_ms for point in record.points if point.size_bytes <= verdict.signed_bytes), default=-1
    )
    until = f"unchanged up to {clock(surely)}" if surely >= 0 else "no part of it is surely unchanged"
    at_ms = max(surely, record.at_ms)
    if not verdict.intact and verdict.size_bytes < record.size_bytes:
        words = f"{verdict.size_bytes} of at least {record.size_bytes} bytes are left; {until}"
        return Fault(planned.number, at_ms, FaultCode.SHORTENED, words)
    if not verdict.intact:
        return Fault(planned.number, at_ms, FaultCode.CHANGED, f"it was changed after it was signed; {until}")
    if verdict.size_bytes > record.size_bytes and (record.ended or record.crashed):
        words = f"{verdict.size_bytes - record.size_bytes} bytes were added behind its signed end"
        return Fault(planned.number, record.until_ms, FaultCode.CHANGED, words)
    return None


def _read(opened: OpenedRecording, result: Verified) -> None:
    verdicts = {verdict.number: verdict for verdict in result.verdicts}
    for number in sorted(verdicts):
        verdict = verdicts[number]
        for found in opened.segment_blocks(number):
            if isinstance(found, Fault):
                result.faults.append(found)
            else:
                verdict.blocks += 1
                verdict.until_ms = max(verdict.until_ms, found.at_ms)
