"""How much may be sent again to one client. Pure.

A receiver asks for what it misses as often as it likes; what it gets is a share of what its line carries.
"""

RESEND_SHARE = 0.25
"""The largest share of the estimate for retransmissions: a storm of requests must not make congestion
worse."""
MIN_RESEND = 3_000
"""Bytes per tick: a lost packet of a keyframe can always be sent again."""


def resend_bytes(bps: int, tick_s: float, *, is_congested: bool) -> int:
    """What may be sent again until the next tick, on a line that is estimated to carry this."""
    allowed = bps * RESEND_SHARE * tick_s / 8
    return max(MIN_RESEND, int(allowed / 2 if is_congested else allowed))
