"""A Slot: one fixed outgoing line of an Endpoint, into which any Producer can be switched."""

from dataclasses import dataclass

from sfu import EndpointId, SlotKind, SlotView, Source
from sfu.fastpath import FastPath, MediaKind, SlotFormat
from sfu.plane.layer import ALL_TEMPORAL, Layer
from sfu.plane.producer import Producer
from sfu.recovery.keyframes import INTERVAL_S
from sfu.sdp import ReceiveLine
from sfu.transport.budget import Budget

KEYFRAMES_PER_S, KEYFRAMES_AT_ONCE = 0.5, 4
"""That one slot may cost: a keyframe is as large as a second of pictures, and all who see them pay for it. A
line that loses more often is better helped by sending less."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What a slot is to carry: one source of one endpoint."""

    endpoint: EndpointId
    source: Source


class Slot:
    def __init__(
        self, fastpath: FastPath, transport: int, line: ReceiveLine, *, ssrc: int, rtx_ssrc: int
    ) -> None:
        """Raises TableFull."""
        self.mid = line.mid
        self.kind = line.kind
        self.ssrc = ssrc
        self.rtx_ssrc = rtx_ssrc
        self.rtx_pt = line.rtx_pt
        self.red_pt = line.red_pt
        self.feed: Feed | None = None
        self.layer: Layer | None = None
        self.held = False
        """Wished for, but the line does not carry it."""
        self.told_of = -1
        """The layer of which its last sender report told, by its row."""
        self._fastpath = fastpath
        self._temporal = ALL_TEMPORAL
        self._redundancy = 0
        self._keyframes = Budget(KEYFRAMES_PER_S, KEYFRAMES_AT_ONCE)
        self._asked_at = float("-inf")
        self.row = fastpath.open_slot(
            transport,
            MediaKind.AUDIO if line.kind is SlotKind.AUDIO else MediaKind.VIDEO,
            SlotFormat(
                ssrc=ssrc,
                pt=line.pt,
                rtx_ssrc=rtx_ssrc,
                rtx_pt=line.rtx_pt,
                twcc_ext=line.extensions.twcc,
                level_ext=line.extensions.level,
                red_pt=line.red_pt,
            ),
        )

    def attach(self, layer: Layer | None) -> bool:
        """Switch to another layer, or to none. True when something changed."""
        if layer is self.layer:
            return False
        self.layer = layer
        self._fastpath.switch(self.row, None if layer is None else layer.row)
        return True

    def ask_keyframe(self, producer: Producer, layer: Layer, now: float) -> None:
        """Its receiver cannot go on without one, or says so."""
        if now - self._asked_at < INTERVAL_S or not self._keyframes.take(now):
            return
        self._asked_at = now
        producer.ask_keyframe(layer, now)

    def set_temporal(self, highest: int) -> None:
        """Leave out the frames above this temporal layer."""
        if highest != self._temporal:
            self._temporal = highest
            self._fastpath.set_temporal(self.row, highest)

    def set_redundancy(self, blocks: int) -> None:
        """How many earlier sounds each packet repeats (RFC 2198), if the client can read them."""
        if self.red_pt and blocks != self._redundancy:
            self._redundancy = blocks
            self._fastpath.set_redundancy(self.row, blocks)

    @property
    def stale(self) -> int:
        """How many numbers were asked for again too late: without a keyframe the receiver's picture stands
        still."""
        return int(self._fastpath.slots["stale"][self.row])

    @property
    def is_redundant(self) -> bool:
        return self._redundancy > 0

    def view(self) -> SlotView:
        feed = self.feed
        return SlotView(
            mid=self.mid,
            kind=self.kind,
            endpoint=None if feed is None else feed.endpoint,
            source=None if feed is None else feed.source,
            held=self.held,
        )
