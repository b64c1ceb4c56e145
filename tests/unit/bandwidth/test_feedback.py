"""Feedback becomes deliveries: each packet once, late ones too, and lost feedback is bridged."""

import itertools

from sfu.bandwidth import Delivery, FeedbackReader
from sfu.rtp.twcc import FeedbackWriter, TwccFeedback, parse_feedback_untrusted
from tests.support.feedback import feedback_of


def sent(wire: int) -> tuple[int, int] | None:
    """Number n left at n ms and has 100 bytes; the first 5000 were sent."""
    return (wire * 1000, 100) if wire < 5000 else None


def feedback(base: int, *arrivals: int | None) -> TwccFeedback:
    return feedback_of(base, arrivals)


def test_arrivals_come_with_what_was_sent() -> None:
    reader = FeedbackReader()
    assert reader.read(feedback(7, 8000, 9250), sent) == [
        Delivery(7000, 100, 8000),
        Delivery(8000, 100, 9250),
    ]
    assert reader.ignored == 0


def test_a_packet_is_lost_only_when_the_next_feedback_does_not_bring_it() -> None:
    reader = FeedbackReader()
    assert [d.arrived_us for d in reader.read(feedback(0, 1000, None, None, 4000), sent)] == [1000, 4000]
    later = reader.read(feedback(1, 9000, None, None, 9500), sent)
    assert Delivery(2000, 100, None) in later
    assert Delivery(1000, 100, 9000) in later
    assert Delivery(1000, 100, None) not in later


def test_repeated_reports_are_ignored() -> None:
    reader = FeedbackReader()
    reader.read(feedback(0, 1000, 2000), sent)
    assert reader.read(feedback(0, 1000, 2000), sent) == []
    assert reader.ignored == 2


def test_reports_of_packets_that_were_never_sent_are_ignored() -> None:
    reader = FeedbackReader()
    assert reader.read(feedback(5000, 1000, 2000), sent) == []
    assert reader.ignored == 2
    assert len(reader.read(feedback(3, 1000), sent)) == 1


def test_the_packets_of_a_lost_feedback_have_arrived_with_the_delay_of_their_neighbours() -> None:
    reader = FeedbackReader()
    reader.read(feedback(0, 50_000, 51_000), sent)
    bridged = reader.read(feedback(10, 63_000), sent)
    assert [d.sent_us for d in bridged] == [n * 1000 for n in range(2, 11)]
    delays = [(d.arrived_us or 0) - d.sent_us for d in bridged]
    assert all(50_000 <= delay <= 53_000 for delay in delays)


def test_after_a_long_silence_nothing_is_guessed() -> None:
    reader = FeedbackReader()
    reader.read(feedback(0, 1000), sent)
    assert len(reader.read(feedback(2000, 9_000_000), sent)) == 1


def test_numbers_and_the_receivers_clock_wrap() -> None:
    def endless(wire: int) -> tuple[int, int]:
        return (wire, 100)

    reader = FeedbackReader()
    wrap = (1 << 24) * 64_000
    times: list[int] = []
    for n in range(65_530, 65_545):
        arrival = (wrap - 5000 + (n - 65_530) * 1000) % wrap
        times += [d.arrived_us or 0 for d in reader.read(feedback_of(n, [arrival]), endless)]
    assert len(times) == 15
    assert all(after - before == 1000 for before, after in itertools.pairwise(times))


def test_feedback_is_read_again_after_a_hundred_thousand_packets_without_any() -> None:
    newest = 0

    def ring(wire: int) -> tuple[int, int] | None:
        number = newest - ((newest - wire) & 0xFFFF)
        return (number * 1000, 100) if newest - 4096 < number else None

    reader = FeedbackReader()
    for newest in (10, 40_010, 80_020, 170_000):
        assert reader.read(feedback(newest & 0xFFFF, newest * 1000), ring) != []


def test_the_output_of_our_own_writer_is_understood() -> None:
    writer = FeedbackWriter(1)
    packets = writer.write(2, [(n, n * 1000 + 50_000) for n in range(100, 160) if n % 7])
    reader = FeedbackReader()
    told = [
        delivery
        for packet in packets
        for delivery in reader.read(parse_feedback_untrusted(1, 2, packet[12:]), sent)
    ]
    assert len(told) == sum(1 for n in range(100, 160) if n % 7)
