"""What was negotiated about a stream, as the kernel needs it. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProducerFormat:
    """How a producer's packets are read; 0: not negotiated. The names are columns of tables.PRODUCER."""

    level_ext: int = 0
    twcc_ext: int = 0
    pt: int = 0
    """Payload type of the codec. When it is given, packets of any other payload type than these three go
    nowhere."""
    rtx_pt: int = 0
    red_pt: int = 0
    """Of redundant sound (RFC 2198)."""


ANY_FORMAT = ProducerFormat()


@dataclass(frozen=True, slots=True)
class SlotFormat:
    """How a slot's packets are written; 0: not negotiated. The names are columns of tables.SLOT."""

    ssrc: int
    pt: int
    rtx_ssrc: int
    rtx_pt: int
    twcc_ext: int
    level_ext: int = 0
    red_pt: int = 0
