"""A changed kernel is compiled anew: neither its cache nor the Makefile's stamp misses a file."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FASTPATH = Path("sfu/fastpath")

RUN = """
from sfu.fastpath.kernel import lookup, native
lookup.mix.compile((native.nb.int64, native.nb.int64))
print(native.numba.config.CACHE_DIR, lookup.mix(0, 0x1_0003))
"""


def run_kernel(place: Path) -> tuple[Path, int]:
    """Compile one function of the kernel at `place`. Returns its cache's folder and what it computes."""
    made = subprocess.run([sys.executable, "-c", RUN], cwd=place, capture_output=True, text=True, check=True)
    folder, value = made.stdout.split()
    return Path(folder), int(value)


@pytest.mark.timeout(120)
@pytest.mark.real_world("the kernel's cache is on the disk, and lives from process to process")
def test_a_kernel_with_a_change_in_another_file_of_it_is_compiled_anew(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sfu", tmp_path / "sfu", ignore=shutil.ignore_patterns("__pycache__"))
    folder, value = run_kernel(tmp_path)
    assert folder.is_relative_to(tmp_path)
    assert any(folder.rglob("*.nbc")), "it is cached"
    rtp = tmp_path / FASTPATH / "kernel/rtp.py"
    text = rtp.read_text()
    assert "M32 = 0xFFFF_FFFF\n" in text, "which lookup.mix uses"
    rtp.write_text(text.replace("M32 = 0xFFFF_FFFF\n", "M32 = 0x0000_FFFF\n"))
    changed_folder, changed_value = run_kernel(tmp_path)
    assert changed_folder != folder
    assert not folder.exists(), "the old machine code is gone"
    assert changed_value == mixed(3)
    assert value == mixed(0x1_0003)


def mixed(word: int) -> int:
    """What lookup.mix makes of this word, from 0."""
    product = word * 0x3C6E_F35F
    return product ^ product >> 29


@pytest.mark.real_world("asks make, which reads the Makefile")
def test_the_makefiles_stamp_depends_on_every_file_of_the_fast_path() -> None:
    rules = subprocess.run(
        ["make", "--print-data-base", "--question", ".venv/.warm"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    rule = re.search(r"^\.venv/\.warm: ([^\n]*)$", rules, re.MULTILINE)
    assert rule is not None
    needed = {str(path.relative_to(ROOT)) for path in (ROOT / FASTPATH).rglob("*.py")}
    assert "sfu/fastpath/kernel/rtp.py" in needed
    assert needed <= set(rule.group(1).split())
