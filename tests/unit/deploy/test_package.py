"""A wheel holds every kind of file that the product reads when it runs."""

import fnmatch
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PATTERNS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]


@pytest.mark.parametrize("package", ["sfu", "signaling", "recorder", "web"])
def test_every_file_of_a_package_is_in_the_wheel(package: str) -> None:
    files = [
        path.name
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".py"
    ]
    assert [name for name in files if not any(fnmatch.fnmatch(name, pattern) for pattern in PATTERNS)] == []
