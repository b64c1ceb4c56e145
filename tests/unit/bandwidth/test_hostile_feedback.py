"""Whatever a client reports: the work is bounded, the figures stay within their bounds, nothing is raised."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from sfu.bandwidth import DelayEstimator, Delivery, FeedbackReader, RembEstimator
from sfu.bandwidth.estimator import MAX_BPS, MIN_BPS
from sfu.bandwidth.feedback import MAX_GAP, MAX_READ
from sfu.bandwidth.prober import MAX_PROBE_BPS
from sfu.rtp.twcc import TwccFeedback
from tests.support.examples import examples
from tests.support.feedback import feedback_of

HUGE = 1 << 40
deliveries = st.lists(
    st.builds(
        Delivery,
        sent_us=st.integers(0, HUGE),
        size=st.integers(0, 0xFFFF),
        arrived_us=st.none() | st.integers(-HUGE, HUGE) | st.integers(0, 10_000_000),
    ),
    max_size=30,
)
steps = st.lists(
    st.tuples(deliveries, st.floats(-1, 20), st.integers(0, 10**10), st.integers(0, 10**10)), max_size=20
)


@given(steps)
def test_the_estimate_stays_within_its_bounds(script: list[tuple[list[Delivery], float, int, int]]) -> None:
    estimator = DelayEstimator()
    now = 1000.0
    for reported, elapsed, sent, wanted in script:
        now += elapsed
        estimator.on_deliveries(reported, now)
        assert 0 <= estimator.tick(now, sent, wanted) <= MAX_PROBE_BPS
        assert MIN_BPS <= estimator.bps <= MAX_BPS
        assert math.isfinite(estimator.queue_s)
        assert 0 <= estimator.loss <= 1


@given(
    st.lists(
        st.tuples(st.integers(-(1 << 70), 1 << 70), st.floats(-1, 20), st.integers(0, 10**10)), max_size=30
    )
)
def test_any_remb_is_limited_to_the_bounds(script: list[tuple[int, float, int]]) -> None:
    estimator = RembEstimator()
    now = 1000.0
    for bps, elapsed, sent in script:
        now += elapsed
        estimator.on_remb(bps, now)
        assert estimator.tick(now, sent, 3_000_000) == 0
        assert MIN_BPS <= estimator.bps <= MAX_BPS


class Ring:
    """The fast path's memory: what was sent recently, by 16-bit number."""

    def __init__(self, newest: int) -> None:
        self.newest = newest
        self.asked = 0

    def __call__(self, wire: int) -> tuple[int, int] | None:
        self.asked += 1
        number = self.newest - ((self.newest - wire) & 0xFFFF)
        return (number * 1000, 100) if self.newest - 4096 < number else None


feedbacks = st.builds(
    feedback_of,
    st.integers(0, 0xFFFF),
    st.lists(st.none() | st.integers(-HUGE, HUGE), min_size=1, max_size=200),
)


@settings(max_examples=examples(200))
@given(st.lists(st.tuples(st.integers(0, 70_000), feedbacks), max_size=12))
def test_no_packet_arrives_twice_and_none_that_was_not_sent(script: list[tuple[int, TwccFeedback]]) -> None:
    ring = Ring(70_000)
    reader = FeedbackReader()
    arrived: set[int] = set()
    for more, feedback in script:
        ring.newest += more
        for delivery in reader.read(feedback, ring):
            number = delivery.sent_us // 1000
            assert number <= ring.newest
            if delivery.arrived_us is not None:
                assert number not in arrived
                arrived.add(number)


def test_a_feedback_that_claims_thousands_costs_no_more_than_a_long_one() -> None:
    ring = Ring(100_000)
    feedback = TwccFeedback(1, 2, 0, 0, 8192, ())
    reader = FeedbackReader()
    reader.read(feedback, ring)
    assert ring.asked <= MAX_READ + MAX_GAP + 1
    assert reader.ignored >= 8192 - MAX_READ


def test_a_forger_who_claims_the_best_line_gets_no_more_than_the_wish() -> None:
    estimator = DelayEstimator()
    now, sent_us = 1000.0, 1_000_000_000
    for _ in range(600):
        now += 0.1
        probe = estimator.tick(now, estimator.bps, 3_000_000)
        count = max(min(estimator.bps, 3_000_000), probe) // 80_000 + 1
        packets = [
            Delivery(sent_us + i * 100_000 // count, 1000, i * 100_000 // count + sent_us)
            for i in range(count)
        ]
        sent_us += 100_000
        estimator.on_deliveries(packets, now)
    assert estimator.bps < 5_000_000
