"""How much each transport may cause in a second, and at most at once. What is more is dropped by the kernel,
before anything is done for it, and counted. Pure.

Each has its own, so that nobody pays for another; reports beyond it come from what all share. The
figures are some times what browsers send at the worst.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sfu.fastpath.kernel.tables import (
    CHECKS,
    FIRST_CHECKS,
    PICTURES,
    RECORDS,
    REPORTS,
    STRANGERS,
    VOICES,
)


@dataclass(frozen=True, slots=True)
class Allowance:
    per_s: int
    burst: int
    borrows: bool = False
    """May take from COMMON_REPORTS as well."""


PARTICIPANT: Mapping[int, Allowance] = {
    # libwebrtc sends a check each 48 ms until one is nominated (RFC 8445: 50 ms), then one in 2.5 s.
    CHECKS: Allowance(30, 120),
    # From each new address of a client with two networks, over UDP and TCP, all at once.
    FIRST_CHECKS: Allowance(30, 120),
    # A handshake has some fifteen datagrams, repeated on a bad line.
    RECORDS: Allowance(30, 60),
    # Bytes. Feedback twenty times a second, and requests for what a lossy line swallowed.
    REPORTS: Allowance(16_000, 32_000, borrows=True),
    # A browser's new encodings have five SSRCs, which need a packet each.
    STRANGERS: Allowance(64, 64),
    # 20 ms each, and all that came late after a line stood still for some seconds.
    VOICES: Allowance(150, 300),
    # Bytes. Our client's camera and screen are 3.7 Mbit/s at the most, and as much again for its probes.
    PICTURES: Allowance(1_250_000, 2_500_000),
}
LINE_CHECK: Mapping[int, Allowance] = {
    **PARTICIPANT,
    REPORTS: Allowance(8_000, 8_000),
    STRANGERS: Allowance(8, 8),
    VOICES: Allowance(0, 0),
    PICTURES: Allowance(0, 0),
}
"""Nobody has admitted it: only its feedback is of use."""
COMMON_REPORTS = Allowance(64_000, 64_000)
"""Some 500 reports a second in all beyond everybody's own: 2 % of a core."""
