"""A Layer: one simulcast encoding of a Producer, and what is known about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sfu import Source
from sfu.bandwidth import LayerRates
from sfu.plane.pulse import Pulse
from sfu.recovery.keyframes import KeyframeRequests
from sfu.recovery.repair import Missing
from sfu.recovery.reports import Made, Reception

ALL_TEMPORAL = 2
"""The highest temporal layer: no frames are left out."""
LAYER_TIMEOUT_S = 1.0
"""A layer that has been silent for longer does not flow: browsers stop the upper ones on a weak uplink."""
ANSWER_S = 2.0
"""How long a layer that was asked for may take to flow: the way to the publisher, its encoder, a keyframe,
the way back. After that it counts as unavailable."""
KEEP_S = 3.0
"""A layer that nobody wants any more is paused only after this: a viewer who turned a page may turn it
back."""


@dataclass(frozen=True, slots=True)
class Nominal:
    """What a layer is assumed to be until it has been seen: what our client sends (web/media/lines.js)."""

    height: int
    bps: int
    fps: float


_CAMERA = (Nominal(135, 120_000, 15), Nominal(270, 480_000, 24), Nominal(540, 1_550_000, 24))
_SCREEN = (Nominal(540, 220_000, 3), Nominal(1080, 1_250_000, 5))
_SINGLE = (Nominal(360, 300_000, 24),)


def nominal(source: Source, count: int) -> Sequence[Nominal]:
    """For a source with `count` layers, lowest first."""
    if count == 1:
        return _SINGLE
    return (_SCREEN if source is Source.SCREEN else _CAMERA)[:count]


@dataclass(frozen=True, slots=True)
class ClockReport:
    """What a publisher's clock showed at a timestamp (its sender report), and when the report came."""

    ntp: int
    ts: int
    at_us: int


@dataclass(slots=True)
class Layer:
    """`row` is its row in the fast path."""

    rid: str
    row: int
    ssrc: int | None = None
    rtx_ssrc: int | None = None
    keyframes: KeyframeRequests = field(default_factory=KeyframeRequests)
    keyframes_seen: int = 0
    reception: Reception = field(default_factory=Reception)
    rates: LayerRates = field(default_factory=LayerRates)
    reported: ClockReport | None = None
    """The newest."""
    made: Made | None = None
    """Which of its timestamps was made when, as its publisher's clock says; None: not known yet."""
    missing: Missing = field(default_factory=Missing)
    planned: bool = True
    """The publisher is to send it. Browsers begin by sending all layers."""
    planned_at: float = 0.0
    """When it was last switched on."""
    wanted_at: float = float("-inf")
    """When a slot last wanted it."""

    def flows(self, pulse: Pulse) -> bool:
        return pulse.layer_last_us[self.row] > (pulse.now - LAYER_TIMEOUT_S) * 1e6

    def can_flow(self, pulse: Pulse) -> bool:
        """It flows, or would if asked for: only a layer that was asked for and did not come is
        unavailable."""
        return self.flows(pulse) or not self.planned or pulse.now - self.planned_at < ANSWER_S

    def settle_plan(self, now: float) -> None:
        """On as soon as somebody wants it, off when nobody has wanted it for a while."""
        wanted = now - self.wanted_at <= KEEP_S
        if wanted and not self.planned:
            self.planned_at = now
        self.planned = wanted
