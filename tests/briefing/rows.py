"""The rows of make bench-briefing: how many points, how soon they come, and what is to be reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PICTURE_P99_MS, VOICE_P99_MS = 2.0, 1.5
_QUICK = {"picture_p99_ms": PICTURE_P99_MS, "voice_p99_ms": VOICE_P99_MS}


@dataclass(frozen=True, slots=True)
class Row:
    points: int
    storm_s: float = 5.0
    targets: Mapping[str, float] = field(default_factory=dict)
    """By figure, what it is at most; and everybody is inside."""

    @property
    def name(self) -> str:
        return f"{self.points} points"


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a row."""

    name: str
    figures: Mapping[str, float]
    targets: Mapping[str, float]
    reason: str = ""
    """Why it could not be carried out, or not as it was meant."""
    note: str = ""
    """What went wrong on the way, and how often."""

    @property
    def missed(self) -> tuple[str, ...]:
        """Targets that are not reached; a figure that is missing reaches nothing."""
        return tuple(
            name for name, most in self.targets.items() if self.figures.get(name, float("inf")) > most
        )

    @property
    def reached(self) -> bool:
        return not self.reason and not self.missed

    def as_json(self) -> dict[str, object]:
        figures = {name: round(value, 3) for name, value in self.figures.items()}
        told: dict[str, object] = {"name": self.name, **figures}
        told |= {"targets": dict(self.targets), "reached": self.reached}
        return told | {"missed": list(self.missed), "reason": self.reason, "note": self.note}


ROWS = (
    Row(10, targets=_QUICK),
    Row(25, targets=_QUICK),
    Row(
        50,
        targets=_QUICK
        | {"media_percent": 20.0, "control_percent": 3.0, "all_pss_mib": 300.0, "all_pictures_s": 4.0},
    ),
    Row(
        100,
        targets={
            "first_picture_p95_ms": 1000.0,
            "storm_pause_ms": 100.0,
            "storm_lost_percent": 0.0,
            "lost_percent": 0.0,
            "media_percent": 45.0,
            "control_percent": 6.0,
        },
    ),
    Row(
        150,
        storm_s=15.0,
        targets={
            "all_inside_s": 15.0,
            "media_and_control_percent": 80.0,
            "picture_p99_ms": 5.0,
            "voice_p99_ms": 5.0,
        },
    ),
)


def row_of(points: int) -> Row:
    """One of the rows, or another number of points, which has nothing to reach."""
    return next((row for row in ROWS if row.points == points), Row(points, 15.0 if points > 100 else 5.0))
