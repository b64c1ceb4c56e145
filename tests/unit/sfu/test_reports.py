"""What publishers and subscribers are told, and what we learn from them (RFC 3550)."""

import pytest

from sfu.recovery.reports import LinkQuality, Reception
from sfu.rtp.rtcp import ReportBlock

SECOND = 1 << 16


def heard(reception: Reception, max_seq: int, received: int, now: float = 0.0) -> ReportBlock:
    return reception.block(1, first_seq=100, max_seq=max_seq, received=received, jitter=5, now=now)


def test_nothing_lost_is_reported_as_nothing_lost() -> None:
    block = heard(Reception(), max_seq=199, received=100)
    assert (block.fraction_lost, block.cumulative_lost) == (0, 0)


def test_the_fraction_is_of_the_last_interval_and_the_total_of_all() -> None:
    reception = Reception()
    heard(reception, max_seq=199, received=80)
    block = heard(reception, max_seq=299, received=170)
    assert (block.fraction_lost, block.cumulative_lost) == (25, 30)


def test_duplicates_do_not_make_a_negative_fraction() -> None:
    assert heard(Reception(), max_seq=109, received=30).fraction_lost == 0


def test_the_highest_number_is_reported_modulo_32_bits() -> None:
    assert heard(Reception(), max_seq=(5 << 32) + 7, received=1).highest_seq == 7


def test_the_delay_since_the_sender_report_has_the_right_unit() -> None:
    reception = Reception()
    reception.sender_report(0x1234_5678_9ABC_DEF0, now=10.0)
    block = heard(reception, max_seq=100, received=1, now=10.5)
    assert (block.lsr, block.dlsr) == (0x5678_9ABC, SECOND // 2)


def report(lsr: int, dlsr: int, fraction: int = 0) -> ReportBlock:
    return ReportBlock(
        ssrc=1, fraction_lost=fraction, cumulative_lost=0, highest_seq=0, jitter=0, lsr=lsr, dlsr=dlsr
    )


def test_round_trip_time_is_arrival_minus_sending_minus_their_delay() -> None:
    line = LinkQuality()
    line.receiver_block(report(lsr=100 * SECOND, dlsr=SECOND), ntp=(101 * SECOND + SECOND // 4) << 16)
    assert line.rtt_s == pytest.approx(0.25)


@pytest.mark.parametrize(("lsr", "dlsr"), [(200 * SECOND, 0), (1, 0), (101 * SECOND, 5 * SECOND)])
def test_a_forged_report_does_not_change_the_round_trip_time(lsr: int, dlsr: int) -> None:
    line = LinkQuality()
    line.receiver_block(report(lsr, dlsr), ntp=(101 * SECOND) << 16)
    assert line.rtt_s is None


def test_loss_settles_to_what_is_reported() -> None:
    line = LinkQuality()
    for _ in range(12):
        line.receiver_block(report(0, 0, fraction=64), ntp=0)
        line.settle(up_expected=100, up_lost=10)
    assert line.loss_down == pytest.approx(0.25, abs=0.01)
    assert line.loss_up == pytest.approx(0.1, abs=0.01)
