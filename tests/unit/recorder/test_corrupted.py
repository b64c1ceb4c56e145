"""A thousand recordings, corrupted, cut, reordered or forged: each says so, and none passes off as genuine
anything that was not recorded."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest
from msgspec.structs import replace as changed

from recorder.format.blocks import Block
from recorder.format.manifest import ManifestHead, OpeningLine, head_of, line_bytes, parse_line_untrusted
from recorder.format.matroska import void
from recorder.opening.archive import Archive, BadArchive, open_archive
from recorder.opening.faults import Fault, FaultCode
from recorder.opening.opened import OpenedRecording
from recorder.opening.verify import verify
from recorder.shelf import tar_plan
from recorder.storage.segment_file import MANIFEST
from recorder.storage.signing import SigningKey
from tests.support.examples import examples
from tests.support.sealed_recording import SERVER, Made, keys, make, plain, segment_blocks

pytestmark = pytest.mark.record

HOW_MANY = examples(1000)
BATCHES = 10
SEALED = 65536 + 16

Files = dict[str, bytes]
Attack = Callable[[random.Random, Files, "Cast"], None]


class Cast:
    """One recording to attack, and another from the same server with the same keys."""

    def __init__(self, directory: Path, locks: int) -> None:
        self.made = make(directory, locks=keys(locks))
        self.other = make(directory, "ab12-1790009999-y", self.made.keys)
        self.files = self.made.files()
        self.other_files = self.other.files()
        self.tar = b"".join(tar_plan(directory, self.made.path.name).read())

    def sealed_by_somebody(self, dice: random.Random) -> bytes:
        """A segment that opens with the same keys and says something else: public keys are not secret."""
        number = dice.randrange(1, 4)
        blocks = segment_blocks(self.made.path.name, number, 80_000, random.Random(dice.random()))
        sealed: bytes = b"".join(plain(blocks)) + void(100)
        for lock in (self.made.keys.second, self.made.keys.first):
            if lock:
                sealed = pyrage.encrypt(sealed, [pyrage.x25519.Recipient.from_str(key) for key in lock])
        return sealed


@pytest.fixture(scope="module")
def casts(tmp_path_factory: pytest.TempPathFactory) -> list[Cast]:
    return [Cast(tmp_path_factory.mktemp(f"locks-{locks}"), locks) for locks in (1, 2)]


# --- what may happen to a segment ------------------------------------------------------------------


def pick(dice: random.Random, files: Files) -> str:
    return dice.choice([name for name in files if name != MANIFEST] or [MANIFEST])


def flip_a_bit(dice: random.Random, files: Files, cast: Cast) -> None:
    name = pick(dice, files)
    data = bytearray(files[name] or b"\0")
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    files[name] = bytes(data)


def flip_a_bit_of_the_header(dice: random.Random, files: Files, cast: Cast) -> None:
    name = pick(dice, files)
    data = bytearray(files[name] or b"\0")
    data[dice.randrange(min(400, len(data)))] ^= 1 << dice.randrange(8)
    files[name] = bytes(data)


def cut_a_segment(dice: random.Random, files: Files, cast: Cast) -> None:
    name = pick(dice, files)
    files[name] = files[name][: dice.randrange(len(files[name]) or 1)]


def cut_a_segment_between_chunks(dice: random.Random, files: Files, cast: Cast) -> None:
    name = pick(dice, files)
    last = len(files[name]) % SEALED
    files[name] = files[name][: len(files[name]) - last]


def delete_a_segment(dice: random.Random, files: Files, cast: Cast) -> None:
    del files[pick(dice, files)]


def swap_segments(dice: random.Random, files: Files, cast: Cast) -> None:
    one, two = pick(dice, files), pick(dice, files)
    files[one], files[two] = files[two], files[one]


def rename_a_segment(dice: random.Random, files: Files, cast: Cast) -> None:
    files[f"{dice.randrange(1, 9):06}.mkv.age"] = files.pop(pick(dice, files))


def put_in_anothers_segment(dice: random.Random, files: Files, cast: Cast) -> None:
    files[pick(dice, files)] = cast.other_files[pick(dice, cast.other_files)]


def put_in_a_segment_of_our_own(dice: random.Random, files: Files, cast: Cast) -> None:
    files[pick(dice, files)] = cast.sealed_by_somebody(dice)


def add_a_segment_of_our_own(dice: random.Random, files: Files, cast: Cast) -> None:
    files[f"{dice.randrange(4, 9):06}.mkv.age"] = cast.sealed_by_somebody(dice)


def append_bytes(dice: random.Random, files: Files, cast: Cast) -> None:
    files[pick(dice, files)] += dice.randbytes(dice.randrange(1, 70_000))


def zero_a_sector(dice: random.Random, files: Files, cast: Cast) -> None:
    name = pick(dice, files)
    at = dice.randrange(len(files[name]) // 512 + 1) * 512
    files[name] = files[name][:at] + bytes(512) + files[name][at + 512 :]


def swap_chunks(dice: random.Random, files: Files, cast: Cast) -> None:
    name = pick(dice, files)
    data = files[name]
    start = len(data) - len(data) // SEALED * SEALED - dice.randrange(20)
    one, two = data[start : start + SEALED], data[start + SEALED : start + 2 * SEALED]
    files[name] = data[:start] + two + one + data[start + 2 * SEALED :]


def leave_out_bytes(dice: random.Random, files: Files, cast: Cast) -> None:
    name = pick(dice, files)
    at, size = dice.randrange(len(files[name]) or 1), dice.choice([1, 16, 512, SEALED])
    files[name] = files[name][:at] + files[name][at + size :]


def put_bytes_between(dice: random.Random, files: Files, cast: Cast) -> None:
    name = pick(dice, files)
    at = dice.randrange(len(files[name]) or 1)
    files[name] = files[name][:at] + dice.randbytes(dice.choice([1, 16, 512])) + files[name][at:]


# --- what may happen to the manifest ---------------------------------------------------------------


def lines_of(files: Files) -> list[bytes]:
    return files.get(MANIFEST, b"").splitlines(keepends=True) or [b"\n"]


def flip_a_bit_of_the_manifest(dice: random.Random, files: Files, cast: Cast) -> None:
    data = bytearray(files.get(MANIFEST) or b"\n")
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    files[MANIFEST] = bytes(data)


def cut_the_manifest(dice: random.Random, files: Files, cast: Cast) -> None:
    data = files.get(MANIFEST, b"")
    files[MANIFEST] = data[: dice.randrange(len(data) or 1)]


def leave_out_a_line(dice: random.Random, files: Files, cast: Cast) -> None:
    lines = lines_of(files)
    del lines[dice.randrange(len(lines))]
    files[MANIFEST] = b"".join(lines)


def say_a_line_twice(dice: random.Random, files: Files, cast: Cast) -> None:
    lines = lines_of(files)
    lines.insert(dice.randrange(len(lines)), dice.choice(lines))
    files[MANIFEST] = b"".join(lines)


def swap_lines(dice: random.Random, files: Files, cast: Cast) -> None:
    lines = lines_of(files)
    one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    files[MANIFEST] = b"".join(lines)


def put_in_anothers_line(dice: random.Random, files: Files, cast: Cast) -> None:
    lines = lines_of(files)
    lines[dice.randrange(len(lines))] = dice.choice(lines_of(cast.other_files))
    files[MANIFEST] = b"".join(lines)


def take_anothers_manifest(dice: random.Random, files: Files, cast: Cast) -> None:
    files[MANIFEST] = cast.other_files[MANIFEST]


def sign_it_ourselves(dice: random.Random, files: Files, cast: Cast) -> None:
    """A manifest without a flaw, except for its signer."""
    forger = SigningKey.of_seed(dice.randbytes(32))
    head, signed = ManifestHead(), b""
    for raw in lines_of(cast.files):
        line = changed(parse_line_untrusted(raw)[0], prev=head.sha256)
        if isinstance(line, OpeningLine):
            line = changed(line, public=forger.public.hex())
        data = line_bytes(line, forger.sign)
        head, signed = head_of(data, line.n), signed + data
    files[MANIFEST] = signed


def say_other_bytes(dice: random.Random, files: Files, cast: Cast) -> None:
    data = files.get(MANIFEST, b"")
    digit = str(dice.randrange(1, 9)).encode()
    files[MANIFEST] = data.replace(b'"octets":1', b'"octets":' + digit + b"1", 1 + dice.randrange(3))


def write_rubbish_into_the_manifest(dice: random.Random, files: Files, cast: Cast) -> None:
    lines = lines_of(files)
    lines.insert(dice.randrange(len(lines) + 1), dice.randbytes(dice.randrange(1, 300)) + b"\n")
    files[MANIFEST] = b"".join(lines)


def delete_the_manifest(dice: random.Random, files: Files, cast: Cast) -> None:
    files.pop(MANIFEST, None)


def add_strange_files(dice: random.Random, files: Files, cast: Cast) -> None:
    files[dice.choice(["x.mkv", "1.mkv.age", "0000001.mkv.age", "manifest.json"])] = dice.randbytes(99)


ATTACKS: tuple[Attack, ...] = (
    flip_a_bit,
    flip_a_bit_of_the_header,
    cut_a_segment,
    cut_a_segment_between_chunks,
    delete_a_segment,
    swap_segments,
    rename_a_segment,
    put_in_anothers_segment,
    put_in_a_segment_of_our_own,
    add_a_segment_of_our_own,
    append_bytes,
    zero_a_sector,
    swap_chunks,
    leave_out_bytes,
    put_bytes_between,
    flip_a_bit_of_the_manifest,
    cut_the_manifest,
    leave_out_a_line,
    say_a_line_twice,
    swap_lines,
    put_in_anothers_line,
    take_anothers_manifest,
    sign_it_ourselves,
    say_other_bytes,
    write_rubbish_into_the_manifest,
    delete_the_manifest,
    add_strange_files,
)


def attacked(dice: random.Random, cast: Cast, directory: Path) -> Path | None:
    """The folder or .tar of a recording after one or two attacks; None if they changed nothing."""
    if dice.random() < 0.15:
        return attacked_tar(dice, cast, directory)
    files = dict(cast.files)
    for attack in dice.sample(ATTACKS, dice.choice([1, 1, 1, 2])):
        attack(dice, files, cast)
    if files == cast.files:
        return None
    directory.mkdir()
    for name, data in files.items():
        (directory / name).write_bytes(data)
    return directory


def attacked_tar(dice: random.Random, cast: Cast, directory: Path) -> Path:
    data = bytearray(cast.tar)
    match dice.randrange(4):
        case 0:
            del data[dice.randrange(len(data)) :]
        case 1:
            at = dice.randrange(len(data) // 512) * 512
            data[at : at + 512] = bytes(512)
        case 2:
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        case _:
            at, size = dice.randrange(len(data)), dice.randrange(1, 100_000)
            del data[at : at + size]
    path = directory.with_suffix(".tar")
    path.write_bytes(data)
    return path


def look(made: Made, archive: Archive) -> Iterator[str]:
    """What is wrong with how an attacked recording was handled."""
    opened = OpenedRecording(archive, made.keys.identities, SERVER.public)
    lost = False
    told = list(opened.summary.faults)
    for number in opened.summary.segments:
        found = list(opened.segment_blocks(number))
        told += [each for each in found if isinstance(each, Fault)]
        blocks = [each for each in found if isinstance(each, Block)]
        truth = made.blocks.get(number, [])
        if blocks != truth[: len(blocks)]:
            yield f"segment {number} gives what was never recorded"
        lost = lost or len(blocks) < len(truth)
    lost = lost or set(made.blocks) - set(opened.summary.segments) != set()
    if lost and not told:
        yield "something is missing and nothing says so"
    if any(not fault.words or not str(fault) for fault in told):
        yield "a fault without words"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_damage_yields_false_blocks_and_every_loss_is_reported(
    casts: list[Cast], tmp_path: Path, batch: int
) -> None:
    wrong: list[str] = []
    for at in range(HOW_MANY // BATCHES):
        seed = batch * HOW_MANY // BATCHES + at
        dice = random.Random(seed)
        cast = casts[seed % len(casts)]
        path = None
        while path is None:
            path = attacked(dice, cast, tmp_path / str(seed))
        try:
            archive = open_archive(path)
            wrong += [f"{seed}: {what}" for what in look(cast.made, archive)]
            shallow = verify(archive, None, SERVER.public)
        except BadArchive:
            continue
        if path.is_dir() and not shallow.faults:
            wrong.append(f"{seed}: verified as if nothing had been done to it")
    assert wrong == []


def test_an_untouched_recording_is_returned_whole(casts: list[Cast]) -> None:
    for cast in casts:
        assert list(look(cast.made, open_archive(cast.made.path))) == []
        result = verify(open_archive(cast.made.path), cast.made.keys.identities, SERVER.public)
        assert result.complete
        assert result.faults == []
        assert [verdict.blocks for verdict in result.verdicts] == [
            len(blocks) for blocks in cast.made.blocks.values()
        ]


def test_a_forger_with_another_key_is_recognized_by_its_fingerprint(
    casts: list[Cast], tmp_path: Path
) -> None:
    cast = casts[0]
    files = dict(cast.files)
    sign_it_ourselves(random.Random(1), files, cast)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    genuine = OpenedRecording(open_archive(cast.made.path), None).summary.signed_by
    untrusting = OpenedRecording(open_archive(tmp_path), None).summary
    assert untrusting.faults == ()
    assert untrusting.signed_by != genuine
    trusting = OpenedRecording(open_archive(tmp_path), None, SERVER.public).summary
    assert FaultCode.FORGED in {fault.code for fault in trusting.faults}
