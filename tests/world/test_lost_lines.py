"""A line that is cut is called lost within six seconds if its person spoke or was seen; one that stalls for
three seconds never is. Everything here is what the media worker hears; the room shows it at once."""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sfu import CloseEndpoint, EndpointChanged, EndpointState, GateReason, SetGates, Source
from tests.support.scripted import Scripted, meet
from tests.support.world import World

SHOWN_S = 6.0
STALL_S = 3.0
SHUT = {Source.MICROPHONE: GateReason.SELF, Source.CAMERA: GateReason.SELF}
BROWSERS = {"chromium": (2.65, 2.65), "firefox": (4.0, 6.0)}
"""How often they check the path (RFC 7675): seconds from and to."""
few = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass
class Point:
    """A participant whose browser checks its path, too."""

    world: World
    who: Scripted
    every_s: tuple[float, float]

    def check(self) -> None:
        self.world.after(self.world.rng.uniform(*self.every_s), self.check)
        association = self.world.associations[self.who.row]

        def arrives(_: bytes) -> None:
            association.heard_at = self.world.now

        self.world.carry(self.who.up, b"", arrives)

    def states(self) -> list[EndpointState]:
        return [one.state for one in self.world.heard(EndpointChanged) if one.endpoint == self.who.id]

    def was_lost(self) -> bool:
        return EndpointState.LOST in self.states()


def two(seed: int, browser: str) -> tuple[World, Point]:
    """A point, and another that sees and hears it."""
    world = World(seed)
    mai, an = meet(world, "mai", "an")
    an.sending_microphone = an.sending_camera = False
    point = Point(world, mai, BROWSERS[browser])
    point.check()
    world.run(1)
    return world, point


def send_only(point: Point, sources: set[Source]) -> None:
    """The other sources are shut; the other participant is silent, so there is nothing to report about it."""
    gates = {source: GateReason.OPEN if source in sources else GateReason.SELF for source in SHUT}
    point.world.order(SetGates(endpoint=point.who.id, gates=gates))
    point.who.sending_microphone = Source.MICROPHONE in sources
    point.who.sending_camera = Source.CAMERA in sources
    point.who.feedback = point.who.nacks = False


def seconds_to_lost(point: Point, phase_s: float) -> float:
    point.world.run(phase_s)
    point.who.up.loss = point.who.down.loss = 1.0
    return point.world.run_until(point.was_lost, limit_s=20)


@few
@given(
    seed=st.integers(0, 2**16),
    browser=st.sampled_from(sorted(BROWSERS)),
    sources=st.sampled_from([{Source.MICROPHONE}, {Source.CAMERA}, {Source.MICROPHONE, Source.CAMERA}]),
    phase_s=st.floats(0, 6),
)
@example(seed=1, browser="firefox", sources={Source.CAMERA}, phase_s=0.0)
def test_a_point_that_spoke_or_was_seen_is_called_lost_in_time(
    seed: int, browser: str, sources: set[Source], phase_s: float
) -> None:
    _, point = two(seed, browser)
    send_only(point, sources)
    assert seconds_to_lost(point, 1 + phase_s) <= SHOWN_S


@few
@given(
    seed=st.integers(0, 2**16),
    browser=st.sampled_from(sorted(BROWSERS)),
    sources=st.sampled_from(
        [set(), {Source.MICROPHONE}, {Source.CAMERA}, {Source.MICROPHONE, Source.CAMERA}]
    ),
    stalls=st.lists(
        st.tuples(st.floats(0.5, 6), st.floats(0.5, STALL_S), st.booleans()), min_size=1, max_size=2
    ),
    loss=st.sampled_from([0.0, 0.2]),
)
@example(
    seed=1, browser="firefox", sources={Source.MICROPHONE}, stalls=[(1, 3, False), (0.5, 3, True)], loss=0.2
)
def test_a_point_behind_stalls_of_three_seconds_is_never_called_lost(
    seed: int, browser: str, sources: set[Source], stalls: list[tuple[float, float, bool]], loss: float
) -> None:
    world, point = two(seed, browser)
    send_only(point, sources)
    for pause_s, stall_s, holds in stalls:
        point.who.up.loss = point.who.down.loss = loss if sources else 0.0
        point.who.up.jitter_s = 0.05
        world.run(pause_s)
        for path in (point.who.up, point.who.down):
            path.stalled_until, path.holds = world.now + stall_s, holds
        world.run(stall_s)
    world.run(6)
    assert not point.was_lost()


@few
@given(seed=st.integers(0, 2**16), browser=st.sampled_from(sorted(BROWSERS)), wait_s=st.floats(0, 4))
def test_a_point_that_shuts_everything_is_never_called_lost(seed: int, browser: str, wait_s: float) -> None:
    """All that comes then are the browser's own checks."""
    world, point = two(seed, browser)
    send_only(point, {Source.MICROPHONE, Source.CAMERA})
    world.run(wait_s)
    send_only(point, set())
    world.run(60)
    assert not point.was_lost()


def test_a_picture_that_nobody_watches_any_more_may_stop_coming() -> None:
    world = World(seed=3)
    mai, an = meet(world, "mai", "an")
    point = Point(world, mai, BROWSERS["firefox"])
    point.check()
    send_only(point, {Source.CAMERA})
    world.run(3)
    world.order(CloseEndpoint(endpoint=an.id))  # the server's plan stops the camera
    world.run(60)
    assert not any(encoding.active for encoding in mai.encodings)
    assert not point.was_lost()


def test_over_tcp_a_line_has_longer_because_a_stall_has_longer() -> None:
    world, point = two(4, "chromium")
    send_only(point, {Source.MICROPHONE})
    world.associations[point.who.row].listener.on_moved("tcp")
    assert 11 < seconds_to_lost(point, 1) < 13


@pytest.mark.parametrize("browser", sorted(BROWSERS))
def test_a_line_that_comes_back_is_here_again_with_its_first_packet(browser: str) -> None:
    world, point = two(5, browser)
    send_only(point, {Source.MICROPHONE})
    took = seconds_to_lost(point, 1)
    point.who.up.loss = 0.0
    assert took <= SHOWN_S
    assert world.run_until(lambda: point.states()[-1] is EndpointState.CONNECTED, limit_s=1) <= 0.3
