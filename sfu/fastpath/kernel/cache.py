"""Where the compiled kernel is kept, so that it is compiled once: in a folder named after the digest of its
source.

numba looks only at the file of the function that is called: it would not see a change in a function that
this one calls, and would run the old kernel. It does not notice either that the power failed while it wrote.
So what does not fit its seal is compiled again.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

VARIABLE = "GIAOBAN_KERNEL_CACHE"
"""The folder of an installed program: the state directory's."""
NUMBAS_OWN = "NUMBA_CACHE_DIR"
"""Wins over all, as with any program that uses numba."""
_SEAL = "seal.json"


def choose(kernel: Path, environment: Mapping[str, str]) -> Path | None:
    """The folder of the compiled kernel, which exists and can be written; None: nowhere can be.

    Shapes: kernel is the folder of its source.
    """
    name = f"kernel-{_digest(kernel.parent)}"
    beside = kernel / "__pycache__" / name
    named = [Path(environment[key]) / name for key in (NUMBAS_OWN, VARIABLE) if environment.get(key)]
    was_filled = beside.is_dir()
    # In a source tree all processes and tests share one; an installed program is not to be written to.
    at_home = was_filled or (kernel.parents[2] / "pyproject.toml").exists()
    if at_home and not environment.get(NUMBAS_OWN) and _usable(beside):
        return beside
    for folder in named:
        if was_filled:
            _fill(folder, beside)
        if _usable(folder):
            return folder
    return beside if _usable(beside) else None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process compiles into this folder, and keep others waiting. Raises OSError."""
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_whole(folder: Path) -> bool:
    """Whether what was sealed is still what it was; False: there is no seal."""
    try:
        sealed = json.loads((folder / _SEAL).read_bytes())
        return all(_sum(folder / name) == found for name, found in sealed.items())
    except (OSError, ValueError, AttributeError):
        return False


def seal(folder: Path) -> None:
    """Remember the machine code as it is now. Raises OSError."""
    sums = {str(path.relative_to(folder)): _sum(path) for path in sorted(folder.rglob("*.nbc"))}
    temporary = folder / f".{_SEAL}"
    temporary.write_text(json.dumps(sums), encoding="ascii")
    temporary.replace(folder / _SEAL)


def discard(folder: Path) -> None:
    """Remove everything that was compiled."""
    for path in (folder / _SEAL, *folder.rglob("*.nb[ic]")):
        with suppress(OSError):
            path.unlink()


def _usable(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in folder.parent.glob("kernel-*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
    return os.access(folder, os.W_OK)


def _fill(folder: Path, ready: Path) -> None:
    """Copy what was compiled when the program was installed, which this user may only read."""
    if folder.exists():
        return
    with suppress(OSError):  # then it is compiled
        shutil.copytree(ready, folder, ignore=shutil.ignore_patterns("lock"))


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for source in sorted(folder.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
