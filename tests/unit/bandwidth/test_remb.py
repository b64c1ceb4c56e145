"""The client's own estimate: a brake that is believed, and an accelerator that nobody waits for."""

from sfu.bandwidth import RembEstimator


class Client:
    def __init__(self) -> None:
        self.estimator = RembEstimator()
        self.now = 100.0

    def receive(self, seconds: float, sent_bps: int, remb: int | None = None) -> None:
        for tick in range(round(seconds * 10)):
            self.now += 0.1
            self.estimator.tick(self.now, sent_bps, 2_000_000)
            if remb is not None and tick % 10 == 0:
                self.estimator.on_remb(remb, self.now)


def test_no_figure_yet_does_not_count_as_zero() -> None:
    client = Client()
    client.receive(6, 300_000)
    assert client.estimator.bps >= 500_000


def test_a_figure_near_what_is_sent_is_the_lines() -> None:
    client = Client()
    client.receive(3, 600_000)
    client.receive(1, 600_000, remb=420_000)
    assert client.estimator.bps == 420_000
    assert client.estimator.is_congested
    client.receive(3, 350_000, remb=400_000)
    assert client.estimator.bps <= 420_000
    assert not client.estimator.is_congested


def test_a_figure_far_above_what_is_sent_does_not_hold_it_down() -> None:
    client = Client()
    client.receive(10, 160_000, remb=240_000)
    assert client.estimator.bps > 1_000_000


def test_it_does_not_climb_beyond_what_is_wanted() -> None:
    client = Client()
    client.receive(60, 160_000, remb=240_000)
    assert client.estimator.bps <= 2_700_000
