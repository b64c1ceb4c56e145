"""A publisher is asked once for what forty viewers miss."""

from sfu.recovery.keyframes import INTERVAL_S, KeyframeRequests


def test_the_first_request_is_sent_at_once() -> None:
    assert KeyframeRequests().ask(now=0.0)


def test_forty_requests_in_one_interval_are_one_to_the_publisher() -> None:
    requests = KeyframeRequests()
    assert sum(requests.ask(now=5.0 + i * INTERVAL_S / 50) for i in range(40)) == 1


def test_a_request_held_back_is_sent_when_the_interval_is_over() -> None:
    requests = KeyframeRequests()
    requests.ask(now=5.0)
    requests.ask(now=5.1)
    assert not requests.due(now=5.2)
    assert requests.due(now=5.01 + INTERVAL_S)
    assert not requests.due(now=9.0)


def test_a_keyframe_that_came_meanwhile_answers_a_request_that_was_held_back() -> None:
    requests = KeyframeRequests()
    requests.ask(now=5.0)
    requests.ask(now=5.1)
    requests.came()
    assert not requests.due(now=6.0)
