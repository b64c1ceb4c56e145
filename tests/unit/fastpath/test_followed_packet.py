"""The packet that docs/debugging.md follows through the kernel takes the way that stands there."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STEP = re.compile(r"^(\w+\.py: \w+)", re.MULTILINE)


def test_the_documented_path_of_a_packet_is_its_real_path(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "docs" / "examples" / "follow_packet.py"))
    printed = capsys.readouterr().out
    taken = STEP.findall(printed)
    written = STEP.findall((ROOT / "docs" / "debugging.md").read_text(encoding="utf-8"))
    assert written, "no way in docs/debugging.md"
    assert written == [step for step in taken if step in written], f"it is now:\n{printed}"
    assert "copies 2" in printed
