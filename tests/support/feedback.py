"""Transport-wide feedback as lists of packets."""

from collections.abc import Sequence

from sfu.rtp.twcc import TwccFeedback


def feedback_of(base: int, arrivals: Sequence[int | None]) -> TwccFeedback:
    """Reports the numbers from `base` on: when each arrived in us, or None."""
    came = tuple((place, at) for place, at in enumerate(arrivals) if at is not None)
    return TwccFeedback(1, 2, 0, base & 0xFFFF, len(arrivals), came)


def packets_of(feedback: TwccFeedback) -> list[tuple[int, int | None]]:
    """(16-bit number, arrival or None) of all that it reports."""
    arrivals = dict(feedback.arrivals)
    return [((feedback.base + place) & 0xFFFF, arrivals.get(place)) for place in range(feedback.reported)]
