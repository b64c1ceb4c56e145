"""Draws the folders of a package as the source has them: who imports whom, without what follows from it.

`python -m tests.arch.diagram` writes the drawing into every document that has a place for it.
"""

import re
from collections.abc import Iterable, Mapping

from tests.arch.dependencies import our_imports, reachable
from tests.arch.source import ROOT, Source, product

DRAWN = {
    "ARCHITECTURE.md": ("signaling",),
    "docs/architecture/media.md": ("sfu",),
    "docs/architecture/recorder.md": ("recorder",),
}
"""Which packages are drawn in which document."""
MERGED = ("http", "protocol", "store")
"""Folders that are drawn as one with what is below them."""
_PLACE = re.compile(r"(<!-- folders[^\n]*-->\n).*?(<!-- /folders -->\n)", re.DOTALL)

Arrows = Mapping[str, frozenset[str]]


def arrows(sources: Iterable[Source], package: str) -> dict[str, frozenset[str]]:
    """From each folder of a package to the folders that it imports.

    A module at the top of the package is drawn like a folder when it puts folders together. The others there
    are doors, which everybody may use."""
    ours = [source for source in sources if source.package == package]
    folder_of = {source.module: _folder(source) for source in ours}
    found: dict[str, set[str]] = {folder: set() for folder in folder_of.values()}
    for source in ours:
        for _, module in our_imports(source, frozenset(folder_of)):
            target = folder_of.get(module)
            if target not in (None, folder_of[source.module]):
                found[folder_of[source.module]].add(str(target))
    tops = {_folder(source) for source in ours if source.path.count("/") == 1}
    doors = {top for top in tops if found[top] <= tops} | {package}
    return {folder: frozenset(to - doors) for folder, to in found.items() if folder not in doors}


def _folder(source: Source) -> str:
    """room/rules for signaling/room/rules/lobby.py, control for signaling/control.py."""
    package, *folders, name = source.path.removesuffix(".py").split("/")
    if folders and folders[0] in MERGED:
        return folders[0]
    return "/".join(folders) or (package if name == "__init__" else name)


def without_shortcuts(all_arrows: Arrows) -> dict[str, frozenset[str]]:
    """Without the arrows that a longer way makes needless."""
    below = {folder: reachable(folder, all_arrows) for folder in all_arrows}
    return {
        folder: frozenset(one for one in to if not any(one in below[other] for other in to - {one}))
        for folder, to in all_arrows.items()
    }


def mermaid(drawn: Arrows) -> str:
    """A flowchart from top to bottom. Folders that are alone stand by themselves."""
    lines = ["```mermaid", "flowchart TD"]
    for folder, to in sorted(drawn.items()):
        if to:
            lines.append(f"  {_node(folder)} --> {' & '.join(_node(one) for one in sorted(to))}")
        elif not any(folder in others for others in drawn.values()):
            lines.append(f"  {_node(folder)}")
    return "\n".join([*lines, "```", ""])


def _node(folder: str) -> str:
    return f"{folder.replace('/', '-')}[{folder}]" if "/" in folder else folder


def redrawn(text: str, packages: Iterable[str]) -> str:
    """A document with its places filled, in the order of the packages."""
    drawings = [mermaid(without_shortcuts(arrows(product(), package))) for package in packages]
    return _PLACE.sub(lambda place: place[1] + drawings.pop(0) + place[2], text)


def main() -> None:
    for name, packages in DRAWN.items():
        document = ROOT / name
        document.write_text(redrawn(document.read_text(encoding="utf-8"), packages), encoding="utf-8")


if __name__ == "__main__":
    main()
