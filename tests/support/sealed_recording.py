"""Small recordings on the disk, made with the recorder's own parts, together with their contents."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder import AuditHead, Recipient
from recorder.format import matroska
from recorder.format.blocks import Block, Track
from recorder.format.entries import OpeningEntry, entry_json
from recorder.opening.unsealed import Identities, identities_untrusted, new_key
from recorder.storage.folder import Folder, RecordingFacts
from recorder.storage.signing import SigningKey
from recorder.writing.sealer import Sealer

SERVER = SigningKey.of_seed(b"the server's signing key, a test")
AUDIT = AuditHead(7, "ab" * 32)
BEGUN_MS = 1_790_000_000_000
CLUSTER_MS = 500
SEGMENT_MS = 10_000


class Ticking:
    """A wall clock that moves a little at each reading."""

    def __init__(self, unix_ms: int = BEGUN_MS) -> None:
        self.unix_ms = unix_ms

    def __call__(self) -> int:
        self.unix_ms += 7
        return self.unix_ms


@dataclass(frozen=True)
class Keys:
    """The keys of one lock or two."""

    recipients: tuple[Recipient, ...]
    identities: Identities
    secrets: tuple[str, ...]

    @property
    def first(self) -> list[str]:
        return [each.key for each in self.recipients if not each.second]

    @property
    def second(self) -> list[str]:
        return [each.key for each in self.recipients if each.second]


def keys(locks: int = 1) -> Keys:
    pairs = [new_key() for _ in range(locks)]
    recipients = tuple(
        Recipient(f"Khóa {at + 1}", pair.public, second=at > 0) for at, pair in enumerate(pairs)
    )
    identities = identities_untrusted("\n".join(pair.secret for pair in pairs))
    return Keys(recipients, identities, tuple(pair.secret for pair in pairs))


@dataclass(frozen=True)
class Made:
    path: Path
    """Its folder."""
    keys: Keys
    blocks: dict[int, list[Block]]
    """By segment."""

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.path.iterdir())}


def segment_blocks(recording: str, number: int, segment_bytes: int, dice: random.Random) -> list[Block]:
    """A segment's blocks: its opening entry, then about this many bytes of noise."""
    from_ms = (number - 1) * SEGMENT_MS
    opening = OpeningEntry(
        at_ms=from_ms,
        recording=recording,
        meeting="AB12",
        title="Giao ban sáng",
        begun_ms=BEGUN_MS,
        segment=number,
        keys=("Khóa 1",),
    )
    blocks = [Block(Track.ENTRIES, from_ms, entry_json(opening))]
    count = max(4, segment_bytes // 3000)
    for at in range(count):
        track = (Track.STAGE, Track.VOICE_1, Track.VOICE_2)[at % 3]
        data = dice.randbytes(dice.randrange(2 * segment_bytes // count) + 1)
        at_ms = from_ms + at * SEGMENT_MS // count
        blocks.append(Block(track, at_ms, data, track is not Track.STAGE or at % 9 == 0))
    return blocks


def plain(blocks: Sequence[Block]) -> list[bytes]:
    """The header and the clusters of a segment."""
    parts = [matroska.header("Giao ban sáng", BEGUN_MS)]
    held: list[Block] = []
    for block in blocks:
        if held and block.at_ms - held[0].at_ms >= CLUSTER_MS:
            parts.append(matroska.cluster(held[0].at_ms, held))
            held = []
        held.append(block)
    return [*parts, matroska.cluster(held[0].at_ms, held)]


def make(
    directory: Path,
    recording: str = "ab12-1790000000-x",
    locks: Keys | None = None,
    segments: int = 3,
    segment_bytes: int = 140_000,
    finish: bool = True,
    more: Sequence[Block] = (),
) -> Made:
    """A recording as a recorder leaves it. Without `finish` the last segment is cut off, as by a crash.
    `more` replaces the noise in the last segment."""
    chosen = locks or keys()
    dice = random.Random(recording)
    facts = RecordingFacts(recording, "AB12", "Giao ban sáng", chosen.recipients, AUDIT)
    folder = Folder.create(directory, facts, SERVER, Ticking())
    blocks: dict[int, list[Block]] = {}
    for number in range(1, segments + 1):
        blocks[number] = segment_blocks(recording, number, segment_bytes, dice)
        if more and number == segments:
            blocks[number][1:] = more
        write_segment(folder, chosen, number, blocks[number], finish or number < segments)
    if finish:
        folder.finish(segments * SEGMENT_MS)
    folder.close()
    return Made(folder.path, chosen, blocks)


def write_segment(folder: Folder, locks: Keys, number: int, blocks: Sequence[Block], end: bool) -> None:
    folder.begin_segment(number, blocks[0].at_ms)
    sealer = Sealer(locks.first, locks.second, folder.append)
    parts = plain(blocks)
    for at, part in enumerate(parts, 1):
        sealer.write(part)
        if at == len(parts) // 2:
            sealer.pad(matroska.void)
        if at == 3 * len(parts) // 4:
            folder.checkpoint(blocks[0].at_ms + SEGMENT_MS // 2)
    if end:
        sealer.close()
        folder.end_segment(blocks[-1].at_ms, "due")
    else:
        sealer.pad(matroska.void)
        sealer.drained()
        sealer.abandon()
