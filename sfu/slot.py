"""A Slot: one fixed outgoing line of an Endpoint, into which any Producer can be switched."""

from dataclasses import dataclass

from sfu import EndpointId, SlotKind, SlotView, Source
from sfu.fastpath import FastPath, MediaKind
from sfu.producer import Layer
from sfu.sdp import ReceiveLine


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
        self.feed: Feed | None = None
        self.layer: Layer | None = None
        self._fastpath = fastpath
        self.row = fastpath.open_slot(
            transport,
            MediaKind.AUDIO if line.kind is SlotKind.AUDIO else MediaKind.VIDEO,
            ssrc=ssrc,
            pt=line.pt,
            rtx_ssrc=rtx_ssrc,
            rtx_pt=line.rtx_pt,
            twcc_ext=line.extensions.twcc,
            level_ext=line.extensions.level,
        )

    def attach(self, layer: Layer | None) -> bool:
        """Switch to another layer, or to none. True when something changed."""
        if layer is self.layer:
            return False
        self.layer = layer
        self._fastpath.switch(self.row, None if layer is None else layer.row)
        return True

    def view(self) -> SlotView:
        feed = self.feed
        return SlotView(
            mid=self.mid,
            kind=self.kind,
            endpoint=None if feed is None else feed.endpoint,
            source=None if feed is None else feed.source,
        )
