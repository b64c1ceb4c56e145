"""Finding a font that can write Vietnamese on this machine."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSans[wdth,wght].ttf", "LiberationSans-Regular.ttf"),
    *("Arial.ttf", "arial.ttf", "segoeui.ttf"),
)
"""In the order in which they are liked."""
_MAX_BYTES = 32 << 20


class NoFont(Exception):
    """None was found, or the one that was named cannot be read."""


def font(named: Path | None = None) -> bytes:
    """The file of the font that was named, or of the first one that this machine has. Raises NoFont."""
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
