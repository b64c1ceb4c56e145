"""Sealing: anyone with the keys gets the data back, with our own reader and with Debian's age. Data written a
moment ago is readable even if the process is killed."""

import io
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from recorder.format import matroska
from recorder.opening.archive import open_archive
from recorder.opening.faults import Fault
from recorder.opening.opened import OpenedRecording
from recorder.opening.unsealed import Identities, StreamEnd, Unsealed, identities_untrusted
from recorder.writing.sealer import (
    MAX_QUEUED_BYTES,
    BadRecipient,
    Sealer,
    SealerFailed,
    SealerFull,
    recipient_untrusted,
)
from tests.support.sealed_recording import SERVER, Keys, keys

pytestmark = pytest.mark.record

LIMIT_S = 30.0


class Sink:
    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def __call__(self, data: bytes) -> None:
        self.parts.append(data)

    @property
    def data(self) -> bytes:
        return b"".join(self.parts)


def sealed(chosen: Keys, data: bytes) -> bytes:
    sink = Sink()
    sealer = Sealer(chosen.first, chosen.second, sink)
    sealer.write(data)
    sealer.close()
    return sink.data


def opened(data: bytes, identities: Identities) -> tuple[bytes, StreamEnd | None]:
    with Unsealed(io.BytesIO(data), identities) as unsealed:
        return unsealed.read(1 << 30), unsealed.ending


@pytest.mark.parametrize("locks", [1, 2])
@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 1_000_003])
def test_sealed_data_opens_whole(locks: int, size: int) -> None:
    chosen = keys(locks)
    data = random.Random(size).randbytes(size)
    assert opened(sealed(chosen, data), chosen.identities) == (data, StreamEnd.WHOLE)


def test_each_of_several_recipients_opens_it() -> None:
    one, two = keys(), keys()
    sink = Sink()
    sealer = Sealer(one.first + two.first, [], sink)
    sealer.write(b"to both")
    sealer.close()
    assert opened(sink.data, one.identities) == (b"to both", StreamEnd.WHOLE)
    assert opened(sink.data, two.identities) == (b"to both", StreamEnd.WHOLE)


def test_with_two_locks_neither_key_opens_it_alone() -> None:
    one, two = keys(), keys()
    sink = Sink()
    sealer = Sealer(one.first, two.first, sink)
    sealer.write(b"for two persons")
    sealer.close()
    assert opened(sink.data, one.identities) == (b"", StreamEnd.WRONG_KEY)
    assert opened(sink.data, two.identities) == (b"", StreamEnd.WRONG_KEY)
    assert opened(sink.data, two.identities + one.identities) == (b"for two persons", StreamEnd.WHOLE)


@pytest.mark.parametrize("locks", [1, 2])
def test_debians_age_opens_ours(locks: int, tmp_path: Path) -> None:
    chosen = keys(locks)
    data = random.Random(7).randbytes(200_000)
    passed = sealed(chosen, data)
    for at, secret in enumerate(chosen.secrets):
        (tmp_path / f"{at}.key").write_text(secret)
        passed = subprocess.run(
            ["age", "-d", "-i", str(tmp_path / f"{at}.key")], input=passed, capture_output=True, check=True
        ).stdout
    assert passed == data


@pytest.mark.parametrize("armor", [[], ["-a"]])
def test_we_open_what_debians_age_made(tmp_path: Path, armor: list[str]) -> None:
    made = subprocess.run(["age-keygen"], capture_output=True, check=True, text=True).stdout
    identities = identities_untrusted(made)
    command = ["age", *armor, "-r", identities.public[0]]
    data = random.Random(8).randbytes(200_000)
    theirs = subprocess.run(command, input=data, capture_output=True, check=True).stdout
    assert opened(theirs, identities) == (data, StreamEnd.WHOLE)


@pytest.mark.parametrize("locks", [1, 2])
def test_after_padding_a_truncated_file_is_readable(locks: int) -> None:
    chosen = keys(locks)
    sink = Sink()
    sealer = Sealer(chosen.first, chosen.second, sink)
    written = b""
    for size in (1, 70_000, 65_536, 3, 200_000):
        data = random.Random(size).randbytes(size)
        sealer.write(data)
        written += data
        written += bytes(sealer.pad(bytes))
        assert sealer.pad(bytes) == 0
        assert sealer.drained()
        readable, end = opened(sink.data, chosen.identities)
        assert end is StreamEnd.CUT
        assert written.startswith(readable)
        assert written[len(readable) :].strip(b"\0") == b""
    assert sealer.written == len(written)
    sealer.abandon()


def write_for_ever(sealer: Sealer, block: bytes) -> None:
    for _ in range(MAX_QUEUED_BYTES // len(block) + 3):
        sealer.write(block)


def test_a_stuck_disk_fills_the_queue_and_blocks_nobody() -> None:
    chosen, go = keys(), threading.Event()

    def stuck(data: bytes) -> None:
        go.wait(LIMIT_S)

    sealer = Sealer(chosen.first, [], stuck)
    block = bytes(1 << 20)
    with pytest.raises(SealerFull):
        write_for_ever(sealer, block)
    assert sealer.failed is None
    go.set()
    sealer.close()


def test_closing_does_not_wait_forever() -> None:
    chosen, go = keys(), threading.Event()

    def stuck(data: bytes) -> None:
        go.wait(LIMIT_S)

    sealer = Sealer(chosen.first, [], stuck)
    sealer.write(b"last words")
    with pytest.raises(SealerFailed):
        sealer.close(deadline_s=0.05)
    go.set()


@pytest.mark.parametrize("locks", [1, 2])
def test_the_disks_own_error_is_kept(locks: int) -> None:
    chosen, error = keys(locks), OSError(28, "No space left on device")

    def full(data: bytes) -> None:
        raise error

    sealer = Sealer(chosen.first, chosen.second, full)
    sealer.write(bytes(200_000))
    with pytest.raises(SealerFailed, match="No space left"):
        sealer.close()
    assert sealer.failed is error
    with pytest.raises(SealerFailed):
        sealer.write(b"more")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (lambda key: [], lambda key: []),
        (lambda key: [], lambda key: [key]),
        (lambda key: ["age1nonsense"], lambda key: []),
        (lambda key: ["ssh-ed25519 AAAA"], lambda key: []),
        (lambda key: [key], lambda key: [key]),
        (lambda key: [key] * 33, lambda key: []),
    ],
)
def test_without_a_good_key_nothing_is_sealed(
    first: Callable[[str], list[str]], second: Callable[[str], list[str]]
) -> None:
    key = keys().first[0]
    with pytest.raises(BadRecipient):
        Sealer(first(key), second(key), Sink())


def test_a_private_key_is_refused_as_a_recipient() -> None:
    with pytest.raises(BadRecipient):
        recipient_untrusted(keys().secrets[0])


@pytest.mark.real_world("processes of their own are killed while they write")
def test_a_killed_recorder_loses_only_the_last_moment(tmp_path: Path) -> None:
    """SIGKILL at four instants: everything written 1.5 s before is readable."""
    children = [Child(tmp_path / str(at), at % 2 + 1) for at in range(4)]
    for child, until_s in zip(children, (1.1, 1.6, 2.2, 2.6), strict=True):
        killed_s = child.kill(until_s)
        found = list(
            OpenedRecording(open_archive(child.folder), child.keys.identities, SERVER.public).blocks()
        )
        faults = [each for each in found if isinstance(each, Fault)]
        times = [float(each.data[:20]) for each in found if not isinstance(each, Fault)]
        assert times == sorted(times)
        assert killed_s - times[-1] < 1.5
        assert all(not fault.grave for fault in faults), faults


class Child:
    """A process that records."""

    def __init__(self, directory: Path, locks: int) -> None:
        directory.mkdir()
        self.keys = keys(locks)
        self.folder = directory / "killed"
        recipients = directory / "recipients.txt"
        recipients.write_text("\n".join(each.key for each in self.keys.recipients))
        command = [sys.executable, "-m", "tests.support.sealing_child", str(recipients), str(directory)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def kill(self, until_s: float) -> float:
        """Kill it after this long. Returns the last time it wrote."""
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            said = next(line for line in lines if float(line) > until_s)
            os.kill(self._process.pid, signal.SIGKILL)
            rest = lines.read().splitlines()
        self._process.wait(LIMIT_S)
        return float(rest[-2] if len(rest) > 1 else said)


def test_padding_is_a_void_of_the_requested_size() -> None:
    assert all(len(matroska.void(size)) == size for size in (2, 9, 128, 129, 65537, 131072))
