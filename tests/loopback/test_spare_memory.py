"""A media worker gives the compiler's memory back, and works on."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.loopback

PROGRAM = Path(__file__).resolve().parents[2]
TRIAL = """
import llvmlite.binding as llvm
from sfu.spare_memory import COMPILER, give_back, unchanged_parts

def resident():
    kilobytes, ours = 0, False
    for line in open("/proc/self/smaps"):
        head, *rest = line.split(maxsplit=5)
        if "-" in head:
            ours = len(rest) == 5 and COMPILER in rest[4]
        elif head == "Rss:" and ours:
            kilobytes += int(rest[0])
    return kilobytes

def compile():
    module = llvm.parse_assembly("define i64 @answer() { ret i64 42 }")
    module.verify()
    return str(module)

compile()
before = resident()
assert list(unchanged_parts(COMPILER))
give_back()
after = resident()
assert "answer" in compile()
print(before, after)
"""


def test_the_compilers_memory_is_given_back_and_it_still_compiles() -> None:
    command = (sys.executable, "-c", TRIAL)
    done = subprocess.run(command, cwd=PROGRAM, capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after < before / 4
