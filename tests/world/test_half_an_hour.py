"""Half an hour of a briefing on bad lines, from the tap to the blocks of its segments."""

import random
from dataclasses import dataclass

import pytest

from recorder.format.blocks import Track
from recorder.format.entries import (
    SlotsEntry,
    parse_entry_untrusted,
)
from sfu import EndpointId
from tests.support.muxing import BEGUN_US, A, B, Desk
from tests.support.publishers import Publisher, made_us

pytestmark = pytest.mark.record


@dataclass
class Briefing:
    """Two bridge points on bad lines; the stage changes every 11 s, the layer every 7 s."""

    minutes: int
    seed: int

    def record(self) -> tuple[Desk, dict[EndpointId, Publisher]]:
        dice = random.Random(self.seed)
        points = [
            Publisher(A, dice, parts_per_million=100, ahead_us=10**15, delay_us=40_000, begins_us=BEGUN_US),
            Publisher(
                B, dice, parts_per_million=-100, ahead_us=3 * 10**15, delay_us=140_000, begins_us=BEGUN_US
            ),
        ]
        desk = Desk()
        stage = 0
        desk.slots(A, A, B)
        for tick in range(self.minutes * 600):
            for number, point in enumerate(points):
                for message in point.bring(desk.now_us, 2 + number, 0 if number == stage else None):
                    desk.muxer.take(message)
            if tick % 110 == 109:
                stage = 1 - stage
                desk.slots(points[stage].name, A, B)
            if tick % 70 == 69:
                points[stage].switch_layer()
            desk.poll()
        return desk, {point.name: point for point in points}


def test_half_an_hour_on_bad_lines_stays_in_order_and_in_sync() -> None:
    """Clocks 100 ppm off to either side, delays of 40 and 140 ms, jitter, 5 % loss, timestamps that wrap."""
    desk, points = Briefing(30, seed=4).record()
    blocks = desk.finish()
    assert 14 <= len(desk.segments) <= 16
    assert [block.at_ms for block in blocks] == sorted(block.at_ms for block in blocks)

    owners: dict[Track, EndpointId | None] = {}
    wrong_ms: dict[tuple[EndpointId, bool], float] = {}
    """How far from the truth a publisher's newest picture or sound was placed."""
    out_of_step: list[float] = []
    far: list[tuple[int, float]] = []
    for block in blocks:
        if block.track is Track.ENTRIES:
            entry = parse_entry_untrusted(block.data)
            if isinstance(entry, SlotsEntry):
                owners = {Track(slot.track): slot.endpoint for slot in entry.slots}
        elif block.track is not Track.WORDS:
            owner = owners[block.track]
            assert owner is not None
            wrong = block.at_ms - (made_us(block) + points[owner].delay_us - BEGUN_US) / 1000
            seen = block.track is Track.STAGE
            wrong_ms[owner, seen] = wrong
            if (other := wrong_ms.get((owner, not seen))) is not None:
                out_of_step.append(abs(wrong - other))
            if block.at_ms > 5000:
                far.append((block.at_ms, abs(wrong)))
    assert max(out_of_step) < 40
    assert max(wrong for _, wrong in far) < 40
    # A layer's first pictures may be further off, for less than half a second, with only one sample so far.
    assert sum(wrong > 20 for _, wrong in far) < len(far) / 1000
    assert len([block for block in blocks if block.track is Track.VOICE_1]) == pytest.approx(
        0.95 * 30 * 60 * 50, rel=0.01
    )
