"""A percentile is a value that was measured, never one between two."""

from collections.abc import Sequence


def at(share: float, values: Sequence[float]) -> float:
    """The value that this share of the others does not exceed; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else 0.0
