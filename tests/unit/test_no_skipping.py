"""CI skips nothing, however a test says that it cannot run here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = {
    "test_one.py": """
import pytest
@pytest.mark.skip
def test_marked(): pass
@pytest.fixture
def browser(): pytest.skip("none here")
def test_of_a_fixture(browser): pass
def test_itself(): pytest.skip("none here")
""",
    "test_whole.py": """
import pytest
pytest.skip("none here", allow_module_level=True)
""",
}


@pytest.mark.parametrize("ci", ["true", ""])
def test_what_is_skipped_has_failed_in_ci_alone(tmp_path: Path, ci: str) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    flags = ("-p", "tests.conftest", "-q", "--continue-on-collection-errors", "--rootdir", str(tmp_path))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *flags, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == (1 if ci else 0), ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("1 failed, 3 errors" if ci else "4 skipped"), ran.stdout
