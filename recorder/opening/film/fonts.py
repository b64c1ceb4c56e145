"""Finds a font for Vietnamese on this machine."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSans[wdth,wght].ttf", "LiberationSans-Regular.ttf"),
    *("Arial.ttf", "arial.ttf", "segoeui.ttf"),
)
"""In order of preference."""
_MAX_BYTES = 32 << 20


class NoFont(Exception):
    """None was found, or the given one cannot be read."""


def font(named: Path | None = None) -> bytes:
    """Contents of the given font file, or of the first of NAMES on this machine. Raises NoFont."""
    if named is not None:
        return _read(named)
    found: dict[str, Path] = {}
    for path in _files():
        found.setdefault(path.name, path)
    for name in NAMES:
        if name in found:
            return _read(found[name])
    raise NoFont(f"none of {', '.join(NAMES[:4])} is on this machine (Debian: fonts-dejavu-core)")


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise NoFont(f"{path} is no font: too large")
        return path.read_bytes()
    except OSError as error:
        raise NoFont(f"{path}: {error.strerror}") from None


def _files() -> Iterator[Path]:
    for folder in _folders():
        for where, _, names in os.walk(folder):
            yield from (Path(where, name) for name in names if name in NAMES)


def _folders() -> tuple[Path, ...]:
    home = Path.home()
    if sys.platform == "win32":
        return (Path(os.environ.get("WINDIR", "C:\\Windows"), "Fonts"),)
    if sys.platform == "darwin":
        return (home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts"))
    shared = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
    return (*shared, home / ".local/share/fonts", home / ".fonts")
