"""Units: departments, stations and offices, and their usual order. Pure."""

from dataclasses import dataclass

from signaling.model.text import SortKey, sort_key
from signaling.model.words import UnitKind

_KIND_ORDER = {kind: place for place, kind in enumerate(UnitKind)}


@dataclass(frozen=True, slots=True)
class Unit:
    id: str
    name: str
    short: str
    kind: UnitKind
    rank: int = 0
    """Order within the kind; equal ranks go by name."""


def unit_order(unit: Unit | None) -> tuple[int, int, SortKey]:
    if unit is None:
        return len(_KIND_ORDER), 0, sort_key("")
    return _KIND_ORDER[unit.kind], unit.rank, sort_key(unit.name)
