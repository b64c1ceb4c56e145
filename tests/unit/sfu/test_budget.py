"""What is sent again is a share of what the line carries."""

from sfu.recovery.budget import MIN_RESEND, RESEND_SHARE, resend_bytes


def test_it_is_a_share_of_the_line_and_half_of_it_on_a_congested_one() -> None:
    whole = resend_bytes(8_000_000, 0.1, is_congested=False)
    assert whole == 100_000 * RESEND_SHARE
    assert resend_bytes(8_000_000, 0.1, is_congested=True) == whole / 2


def test_a_packet_of_a_keyframe_can_be_sent_again_on_any_line() -> None:
    assert resend_bytes(0, 0.1, is_congested=True) == MIN_RESEND
