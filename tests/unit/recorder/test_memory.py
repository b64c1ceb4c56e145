"""Memory stays off the disk, as far as the machine allows."""

import subprocess
import sys
from pathlib import Path

import pytest

from recorder.writing.memory import MemorySafety, wipe, without_lock

pytestmark = pytest.mark.record

HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def machine(root: Path, swaps: str | None, cgroup: str = "0::/giaoban\n", **files: str) -> Path:
    (root / "proc/self").mkdir(parents=True)
    if swaps is not None:
        (root / "proc/swaps").write_text(swaps)
    (root / "proc/self/cgroup").write_text(cgroup)
    for name, text in files.items():
        path = root / "sys" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def swap_max(root: Path, group: str, text: str) -> None:
    path = root / "sys/fs/cgroup" / group / "memory.swap.max"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_machine_without_swap_keeps_memory_off_the_disk(tmp_path: Path) -> None:
    assert without_lock(machine(tmp_path / "a", HEAD)) is MemorySafety.NO_SWAP
    assert without_lock(machine(tmp_path / "b", None)) is MemorySafety.NO_SWAP


@pytest.mark.parametrize(
    "device", ["/dev/sda2 partition", "/swapfile file", "/dev/dm-1 partition", "/zram0 file"]
)
def test_swap_on_a_disk_may_be_used(tmp_path: Path, device: str) -> None:
    assert without_lock(machine(tmp_path, f"{HEAD}{device} 1 0 -2\n")) is MemorySafety.MAY_SWAP


def test_compressed_memory_counts_as_a_disk_only_with_a_backing_disk(tmp_path: Path) -> None:
    swaps = f"{HEAD}/dev/zram0 partition 1 0 -2\n"
    plain = machine(tmp_path / "a", swaps)
    assert without_lock(plain) is MemorySafety.NO_SWAP
    none = machine(tmp_path / "b", swaps, block__zram0__backing_dev="none\n")
    assert without_lock(none) is MemorySafety.NO_SWAP
    behind = machine(tmp_path / "c", swaps, block__zram0__backing_dev="/dev/sda3\n")
    assert without_lock(behind) is MemorySafety.MAY_SWAP


def test_a_group_without_swap_keeps_memory_off_the_disk_on_any_machine(tmp_path: Path) -> None:
    swaps = f"{HEAD}/dev/sda2 partition 1 0 -2\n"
    ours = machine(tmp_path / "a", swaps, "0::/system.slice/giaoban.service\n")
    assert without_lock(ours) is MemorySafety.MAY_SWAP
    swap_max(ours, "system.slice/giaoban.service", "max\n")
    assert without_lock(ours) is MemorySafety.MAY_SWAP
    swap_max(ours, "system.slice", "0\n")
    assert without_lock(ours) is MemorySafety.NO_SWAP


def test_a_guarded_process_leaves_no_core_file_and_says_what_protects_its_memory() -> None:
    program = (
        "import resource, ctypes; from recorder.writing.memory import guard_memory; kept = guard_memory();"
        "x = bytearray(64 << 20);"
        "dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0);"
        "print(kept.value, resource.getrlimit(resource.RLIMIT_CORE)[0], dumpable,"
        "'VmLck:\\t       0 kB' in open('/proc/self/status').read())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    kept, core, dumpable, unlocked = done.stdout.split()
    assert (core, dumpable) == ("0", "0")
    assert (kept == MemorySafety.LOCKED) is (unlocked == "False")


def test_a_buffer_is_wiped_in_place() -> None:
    secret = bytearray(b"AGE-SECRET-KEY-1")
    view = memoryview(secret)
    wipe(secret)
    assert bytes(view) == bytes(16)
