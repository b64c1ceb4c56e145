"""RTCP reports, both ways: the reception of a layer, and the quality of a subscriber's link.

Source: RFC 3550 section 6.4.
"""

from dataclasses import dataclass, field

from sfu.rtp.rtcp import ReportBlock

GUESSED_RTT_S = 0.1
"""Used until one has been measured."""
_LSR_UNITS = 65536
"""Middle 32 bits of an NTP instant: units of 1/65536 s."""


@dataclass(frozen=True, slots=True)
class Made:
    """A timestamp of a stream, and when the sound or picture with it was made, on our clock."""

    ts: int
    at_us: int

    def timestamp(self, now_us: int, shift: int, clock_hz: int) -> int:
        """What is made now gets this timestamp, in a slot that adds `shift` to those of the stream. So all
        slots that carry one publisher say the same of its clock, however late each of them is."""
        return (self.ts + shift + (now_us - self.at_us) * clock_hz // 1_000_000) & 0xFFFF_FFFF


@dataclass(slots=True)
class Reception:
    """What a publisher is told about one layer. Numbers are unwrapped and come from the fast path's row."""

    _expected_before: int = 0
    _received_before: int = 0
    _sr_middle: int = 0
    _sr_at: float = 0.0
    interval_expected: int = 0
    interval_lost: int = 0

    def sender_report(self, ntp: int, now: float) -> None:
        """The publisher's SR arrived; `ntp` is its 64-bit instant."""
        self._sr_middle, self._sr_at = (ntp >> 16) & 0xFFFFFFFF, now

    def block(
        self, ssrc: int, *, first_seq: int, max_seq: int, received: int, jitter: int, now: float
    ) -> ReportBlock:
        """The report since the last call (RFC 3550 appendix A.3)."""
        expected = max_seq - first_seq + 1
        self.interval_expected = max(0, expected - self._expected_before)
        self.interval_lost = max(0, self.interval_expected - (received - self._received_before))
        self._expected_before, self._received_before = expected, received
        fraction = (
            min(255, self.interval_lost * 256 // self.interval_expected) if self.interval_expected else 0
        )
        delay = int((now - self._sr_at) * _LSR_UNITS) & 0xFFFFFFFF if self._sr_middle else 0
        return ReportBlock(
            ssrc=ssrc,
            fraction_lost=fraction,
            cumulative_lost=max(-0x800000, min(0x7FFFFF, expected - received)),
            highest_seq=max_seq & 0xFFFFFFFF,
            jitter=min(jitter, 0xFFFFFFFF),
            lsr=self._sr_middle,
            dlsr=delay,
        )


@dataclass(slots=True)
class LinkQuality:
    """How well an endpoint's link works, smoothed over some reports."""

    rtt_s: float | None = None
    loss_down: float = 0.0
    loss_up: float = 0.0
    _heard: list[float] = field(default_factory=list)

    def receiver_block(self, block: ReportBlock, ntp: int) -> None:
        """The subscriber reports on one of our slots; `ntp` is our instant of arrival (64 bits)."""
        if len(self._heard) < 64:
            self._heard.append(block.fraction_lost / 256)
        if not block.lsr:
            return
        rtt = (((ntp >> 16) & 0xFFFFFFFF) - block.lsr - block.dlsr) & 0xFFFFFFFF
        if rtt < 10 * _LSR_UNITS:  # a forged or very old LSR gives nonsense, which is ignored
            measured = rtt / _LSR_UNITS
            self.rtt_s = measured if self.rtt_s is None else self.rtt_s + 0.25 * (measured - self.rtt_s)

    def settle(self, up_expected: int, up_lost: int) -> None:
        """Close an interval: the loss on the way down is the mean over the blocks received in it."""
        down = sum(self._heard) / len(self._heard) if self._heard else 0.0
        self._heard.clear()
        up = up_lost / up_expected if up_expected else 0.0
        self.loss_down += 0.5 * (down - self.loss_down)
        self.loss_up += 0.5 * (up - self.loss_up)
