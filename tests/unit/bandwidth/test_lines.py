"""What the estimator makes of the lines that communes have: a simulated line, and a sender like our SFU."""

import itertools
from collections.abc import Callable

import pytest

from tests.support.simulated_downlink import Moment, SimulatedDownlink
from tests.support.simulated_link import Line

LADDER = (40_000, 80_000, 120_000, 250_000, 480_000, 800_000, 1_550_000)
WANTED = 1_600_000


def layers(budget: int) -> int:
    """Pictures come in steps, as simulcast does."""
    return max((bps for bps in LADDER if bps <= budget), default=0)


def up_to(most: int) -> Callable[[int], int]:
    """Pictures that take whatever they are given."""
    return lambda budget: max(0, min(most, budget))


def downlink(
    line: Line, pictures: Callable[[int], int] = layers, seed: int = 1, **how: float
) -> SimulatedDownlink:
    wanted = int(how.pop("wanted_bps", WANTED))
    voices = int(how.pop("voices", 1))
    return SimulatedDownlink(line, pictures, wanted_bps=wanted, seed=seed, voices=voices, **how)  # type: ignore[arg-type]


def since(link: SimulatedDownlink, seconds: float) -> list[Moment]:
    """The moments from this many seconds after the start."""
    return [moment for moment in link.moments if moment.at >= 100 + seconds]


def least(moments: list[Moment]) -> int:
    return min(moment.bps for moment in moments)


def most(moments: list[Moment]) -> int:
    return max(moment.bps for moment in moments)


def middle(moments: list[Moment]) -> int:
    return sorted(moment.bps for moment in moments)[len(moments) // 2]


def falls(moments: list[Moment]) -> int:
    """How often the estimate fell by a tenth."""
    return sum(after.bps < 0.9 * before.bps for before, after in itertools.pairwise(moments))


def wait_p95(link: SimulatedDownlink, seconds: float) -> float:
    waits = sorted(wait for at, wait in link.link.waits if at >= 100 + seconds)
    return waits[int(0.95 * len(waits))]


def first(moments: list[Moment], bps: int) -> float:
    """When the estimate first reached it, seconds from the first of the moments."""
    return next((moment.at for moment in moments if moment.bps >= bps), float("inf")) - moments[0].at


@pytest.mark.parametrize("queue_s", [0.3, 0.5])
@pytest.mark.parametrize("pictures", [layers, up_to(3_000_000)])
def test_a_line_of_600_kbit_settles_below_its_end_with_a_short_queue(
    queue_s: float, pictures: Callable[[int], int]
) -> None:
    link = downlink(Line(rate_bps=600_000, queue_s=queue_s, delay_s=0.03), pictures)
    link.run(60)
    steady = since(link, 10)
    assert least(steady) > 420_000
    assert most(steady) < 600_000
    assert sum(moment.bps > 500_000 for moment in steady) > 0.9 * len(steady)
    assert wait_p95(link, 10) < 0.25
    assert falls(steady) <= 2


@pytest.mark.parametrize("pictures", [layers, up_to(3_000_000)])
def test_a_line_of_300_kbit_and_300_ms_does_not_starve(pictures: Callable[[int], int]) -> None:
    link = downlink(Line(rate_bps=300_000, queue_s=0.4, delay_s=0.15), pictures, seed=2)
    link.run(60)
    assert least(since(link, 10)) > 215_000
    assert wait_p95(link, 10) < 0.25


def test_a_thin_lossy_line_is_not_flooded_at_the_start() -> None:
    link = downlink(Line(rate_bps=300_000, queue_s=0.5, delay_s=0.1, loss=0.05))
    link.run(5)
    assert wait_p95(link, 0) < 0.4
    link.run(20)
    assert least(since(link, 6)) > 150_000
    assert middle(since(link, 6)) > 220_000
    assert most(since(link, 6)) < 300_000


@pytest.mark.parametrize(("loss", "delay_s"), [(0.05, 0.03), (0.1, 0.05)])
def test_random_loss_without_a_queue_is_not_congestion(loss: float, delay_s: float) -> None:
    link = downlink(Line(loss=loss, delay_s=delay_s))
    link.run(40)
    assert first(link.moments, 2_000_000) < 6
    assert least(since(link, 8)) >= 2_000_000
    assert link.estimator.loss == pytest.approx(loss, abs=0.05)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_loss_in_bursts_leaves_enough_for_a_picture(seed: int) -> None:
    link = downlink(Line(loss=0.2, burst=8, delay_s=0.1), seed=seed)
    link.run(40)
    assert least(link.moments) >= 400_000


def test_loss_that_begins_suddenly_is_tested_once_and_then_accepted() -> None:
    line = Line(rate_bps=20_000_000, delay_s=0.03)
    link = downlink(line)
    link.run(15)
    line.loss = 0.2
    link.run(25)
    assert least(link.moments[150:]) > 700_000
    assert least(since(link, 25)) > 2_000_000


def test_a_policer_without_a_queue_is_found_by_its_loss() -> None:
    link = downlink(Line(rate_bps=600_000, queue_s=0.03, delay_s=0.03), seed=2)
    link.run(40)
    assert middle(since(link, 15)) < 620_000
    assert most(since(link, 15)) < 900_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_line_that_drops_and_returns_is_followed(seed: int) -> None:
    line = Line(rate_bps=1_500_000, queue_s=0.4, delay_s=0.03)
    link = downlink(line, seed=seed)
    link.run(15)
    assert link.estimator.bps > 1_100_000
    line.rate_bps = 400_000
    link.run(1.1)
    assert link.estimator.bps < 420_000
    assert link.estimator.is_congested
    link.run(2)
    assert max(wait for at, wait in link.link.waits if at > link.now - 0.3) < 0.12
    link.run(20)
    assert 300_000 < link.estimator.bps < 400_000
    line.rate_bps = 1_500_000
    back = len(link.moments)
    link.run(20)
    assert first(link.moments[back:], 1_200_000) < 10


def test_after_an_interruption_the_estimate_resumes_at_half_and_recovers_soon() -> None:
    line = Line(rate_bps=5_000_000, delay_s=0.03)
    link = downlink(line)
    link.run(15)
    before = link.estimator.bps
    line.is_cut = True
    link.run(10)
    assert link.estimator.is_congested
    assert link.moments[-1].bps >= 0.45 * before
    line.is_cut = False
    back = len(link.moments)
    link.run(10)
    assert least(link.moments[back:]) >= 0.45 * before
    assert first(link.moments[back:], int(0.9 * before)) < 3


def test_a_good_line_is_known_two_seconds_after_the_first_feedback() -> None:
    link = downlink(Line(rate_bps=20_000_000, delay_s=0.015), up_to(265_000), wanted_bps=3_000_000)
    link.run(2.5)
    assert link.first_feedback_at is not None
    at = next(moment.at for moment in link.moments if moment.bps >= 3_000_000)
    assert at - link.first_feedback_at < 2


def test_the_estimate_is_neither_forgotten_nor_probed_again_while_little_is_sent() -> None:
    link = downlink(Line(rate_bps=20_000_000, delay_s=0.015), up_to(265_000), wanted_bps=3_000_000)
    link.run(5)
    padding, bps = link.padding, link.estimator.bps
    link.run(60)
    assert link.padding == padding
    assert link.estimator.bps >= bps


def test_there_is_no_padding_when_the_line_carries_everything_wished() -> None:
    link = downlink(Line(rate_bps=300_000, delay_s=0.1), up_to(0), wanted_bps=50_000)
    link.run(30)
    assert link.padding == 0


@pytest.mark.parametrize("rate_bps", [300_000, 600_000, 1_500_000, 20_000_000])
def test_padding_is_a_small_part_of_a_minute(rate_bps: int) -> None:
    link = downlink(Line(rate_bps=rate_bps, queue_s=0.4, delay_s=0.03))
    link.run(60)
    assert link.padding < 0.05 * min(rate_bps, 10_000_000) * 60 / 8


@pytest.mark.parametrize("may_reorder", [False, True])
@pytest.mark.parametrize("jitter_s", [0.03, 0.05])
def test_jitter_on_a_good_line_is_not_congestion(jitter_s: float, may_reorder: bool) -> None:
    line = Line(rate_bps=20_000_000, delay_s=0.02, jitter_s=jitter_s, may_reorder=may_reorder)
    link = downlink(line)
    link.run(40)
    assert least(since(link, 6)) >= 1_500_000


def test_a_line_that_stalls_as_tcp_does_after_a_loss_keeps_its_rate() -> None:
    link = downlink(Line(rate_bps=20_000_000, delay_s=0.02, stalls=0.3))
    link.run(40)
    assert least(since(link, 6)) >= 1_500_000


def test_lost_feedback_does_not_look_like_a_line_that_stands_still() -> None:
    link = downlink(Line(rate_bps=600_000, queue_s=0.4, delay_s=0.03), feedback_loss=0.3)
    link.run(40)
    assert least(since(link, 10)) > 400_000


def test_a_longer_path_does_not_count_as_a_queue_for_long() -> None:
    line = Line(rate_bps=20_000_000, delay_s=0.02)
    link = downlink(line)
    link.run(15)
    line.delay_s = 0.17
    link.run(8)
    assert link.estimator.bps > 1_500_000
    assert link.estimator.queue_s < 0.02


@pytest.mark.parametrize("drift_ppm", [-300, 300])
def test_clocks_may_drift(drift_ppm: float) -> None:
    link = downlink(Line(rate_bps=20_000_000, delay_s=0.02), drift_ppm=drift_ppm)
    link.run(90)
    assert least(since(link, 6)) >= 1_500_000
    assert link.estimator.queue_s < 0.02


@pytest.mark.parametrize("jump_s", [-5000.0, -0.5, 0.5, 5000.0])
def test_the_receivers_clock_may_jump(jump_s: float) -> None:
    link = downlink(Line(rate_bps=20_000_000, delay_s=0.02))
    link.run(15)
    link.clock_s += jump_s
    link.run(15)
    assert link.estimator.bps > 1_500_000


@pytest.mark.parametrize(
    ("rate_bps", "low", "high"), [(600_000, 450_000, 600_000), (20_000_000, 3_000_000, 8_000_000)]
)
def test_a_line_check_finds_the_rate_by_padding_alone(rate_bps: int, low: int, high: int) -> None:
    line = Line(rate_bps=rate_bps, queue_s=0.4, delay_s=0.03)
    link = downlink(line, up_to(0), wanted_bps=3_000_000, voices=0)
    link.run(8)
    assert low < link.estimator.bps < high


def test_a_client_that_takes_no_padding_still_gets_its_pictures() -> None:
    link = downlink(Line(rate_bps=20_000_000, delay_s=0.02), has_padding=False)
    link.run(60)
    assert link.estimator.bps > 2_000_000
