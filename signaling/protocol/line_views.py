"""How good a line is, as people are shown it: figures, a point of the plot, and one word. Pure."""

from enum import StrEnum

import msgspec

from sfu import Pictures


class Quality(StrEnum):
    """One word for a line."""

    UNKNOWN = "unknown"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class LineView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Your own line. Losses are in permille, delays in milliseconds, rates in kbit/s; up is towards the
    server."""

    path: str
    """"udp" or "tcp"; "" while unknown."""
    rtt_ms: int
    """-1 while unknown."""
    loss_up: int
    loss_down: int
    up_kbps: int
    down_kbps: int
    estimate_kbps: int
    """Estimated capacity of the downlink; -1 while unknown."""
    queue_ms: int
    """Queueing delay on the downlink, beyond the delay of the line itself."""
    quality: Quality
    pictures: Pictures
    """How many of the pictures that the client wants the line carries."""


class LinePoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One point of a plot. Units are those of LineView."""

    at: int
    """Unix milliseconds."""
    rtt_ms: int
    loss_up: int
    loss_down: int
    up_kbps: int
    down_kbps: int
    quality: Quality


class LineSeries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plot of one participant's line."""

    participant: str
    points: tuple[LinePoint, ...]
    """Oldest first."""
