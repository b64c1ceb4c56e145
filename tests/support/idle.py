"""How busy the machine was during a measurement: if none of it was idle, browsers could not keep up."""

from pathlib import Path


def cpu_ticks() -> list[int]:
    """Spent since the machine started, by kind."""
    return [int(ticks) for ticks in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]


def idle_share(before: list[int], after: list[int]) -> float:
    """Of the machine, that nobody used."""
    spent = [late - early for early, late in zip(before, after, strict=True)]
    return spent[3] / max(1, sum(spent))
