"""Pictures and voices over lines that are thin, lossy or changing: the whole media plane on a virtual net."""

import itertools
import statistics

import pytest

from sfu import LineReport, Pictures, SendPlan, Show, SlotKind, SlotsChanged, TileWish
from tests.support.scripted import Receiver, Scripted, meet
from tests.support.world import World

CROWD = ("lan", "cha", "nam", "mai", "ba", "hoa")
SETTLE_S = 15.0


def quiet(people: list[Scripted], speaker: Scripted) -> None:
    """One speaks, the others are open and silent."""
    for person in people:
        person.microphone_dbov = 20 if person is speaker else 127


def layers(receiver: Receiver) -> list[int]:
    """The layer of each packet received, in order."""
    return [layer for _, layer, _ in receiver.bodies()]


def pictures_per_s(receiver: Receiver, seconds: float) -> float:
    return len({frame for _, _, frame in receiver.bodies()}) / seconds


def changes(values: list[int]) -> int:
    return sum(one != other for one, other in itertools.pairwise(values))


def briefing(seed: int, names: tuple[str, ...] = CROWD) -> tuple[World, list[Scripted]]:
    world = World(seed)
    people = meet(world, *names)
    quiet(people, people[1])
    return world, people


def test_a_good_line_carries_everything_wished_within_seconds() -> None:
    world, (lan, *_) = briefing(41)
    world.run(6)
    lan.forget()
    world.run(2)
    assert set(layers(lan.slot(SlotKind.STAGE))) == {2}
    assert all(layers(lan.slot(SlotKind.TILE, n)) for n in range(5))
    assert world.heard(LineReport)[-1].pictures is Pictures.ALL


def test_a_line_of_600_kbit_carries_voice_and_a_moving_speaker_without_a_standing_queue() -> None:
    world, (lan, *_) = briefing(42)
    lan.down.rate_bps, lan.down.queue_s, lan.down.delay_s = 600_000, 0.5, 0.03
    world.run(SETTLE_S)
    lan.forget()
    lan.down.waits.clear()
    seconds = 60.0
    world.run(seconds)
    stage = lan.slot(SlotKind.STAGE)
    assert pictures_per_s(stage, seconds) >= 14
    assert changes(layers(stage)) <= 2
    voices = [receiver for receiver in lan.inbox.values() if not receiver.video and receiver.packets]
    assert sum(len(voice.missing()) for voice in voices) <= 0.005 * seconds * 50
    assert statistics.quantiles(lan.down.waits, n=20)[-1] <= 0.25


def test_on_300_kbit_the_voice_comes_first_and_a_small_picture_after_it() -> None:
    world, (lan, *_) = briefing(43)
    lan.down.rate_bps, lan.down.queue_s, lan.down.delay_s = 300_000, 0.6, 0.15
    lan.up.delay_s = 0.15
    world.run(SETTLE_S)
    lan.forget()
    world.run(20)
    voices = [receiver for receiver in lan.inbox.values() if not receiver.video and receiver.packets]
    assert sum(len(voice.missing()) for voice in voices) <= 10
    assert pictures_per_s(lan.slot(SlotKind.STAGE), 20) >= 7
    report = [r for r in world.heard(LineReport) if r.endpoint == lan.id][-1]
    assert 200_000 <= report.estimate_bps <= 320_000
    held = [e for e in world.heard(SlotsChanged) if e.endpoint == lan.id][-1]
    assert any(slot.held for slot in held.slots), "some tiles are said to be held back"


@pytest.mark.parametrize("loss", [0.05, 0.10, 0.20])
def test_loss_alone_stops_no_picture(loss: float) -> None:
    world, (lan, *_) = briefing(44)
    lan.down.loss = lan.up.loss = loss
    lan.down.delay_s = lan.up.delay_s = 0.05
    world.run(SETTLE_S)
    lan.forget()
    world.run(10)
    assert set(layers(lan.slot(SlotKind.STAGE))) == {2}


def test_a_picture_gives_way_when_the_line_gets_thin_and_returns() -> None:
    world, (lan, *_) = briefing(45)
    lan.down.rate_bps, lan.down.queue_s, lan.down.delay_s = 1_500_000, 0.4, 0.03
    world.run(SETTLE_S)
    before = layers(lan.slot(SlotKind.STAGE))[-1]
    lan.down.rate_bps = 400_000
    world.run(20)
    thin = layers(lan.slot(SlotKind.STAGE))[-1]
    assert thin < before
    lan.down.rate_bps = 1_500_000
    took = world.run_until(lambda: layers(lan.slot(SlotKind.STAGE))[-1] >= before, limit_s=30)
    assert took <= 12


def test_after_an_interruption_of_ten_seconds_everything_is_back_at_once() -> None:
    world, (lan, *_) = briefing(46)
    world.run(8)
    lan.down.loss = lan.up.loss = 1.0
    world.run(10)
    lan.down.loss = lan.up.loss = 0.0
    lan.forget()
    took = world.run_until(lambda: bool(lan.heard()), limit_s=5)
    assert took <= 1.0
    took += world.run_until(lambda: bool(lan.slot(SlotKind.STAGE).packets), limit_s=5)
    assert took <= 2.0


def test_one_weak_line_costs_the_others_nothing() -> None:
    world, (lan, _cha, nam, *_) = briefing(47)
    lan.down.rate_bps, lan.down.loss = 300_000, 0.2
    world.run(SETTLE_S)
    nam.forget()
    world.run(10)
    assert set(layers(nam.slot(SlotKind.STAGE))) == {2}
    assert nam.slot(SlotKind.STAGE).missing() == []
    counters = world.fastpath.counters
    assert counters.resent_bytes < 0.2 * counters.sent_bytes


# --- what is watched -----------------------------------------------------------------------------


def plan(world: World, person: Scripted) -> SendPlan:
    return [event for event in world.heard(SendPlan) if event.endpoint == person.id][-1]


def test_layers_that_nobody_receives_are_paused_and_back_within_a_fifth_of_a_second() -> None:
    world = World(48)
    lan, cha = meet(world, "lan", "cha")
    world.run(6)
    assert set(plan(world, cha).camera) == {"q", "f"}, "the tile takes the smallest, the stage the largest"
    world.order(Show(endpoint=lan.id, tiles=(), stage=0, screen=0))
    world.run(6)
    assert plan(world, cha).camera == ()
    sent = [encoding.sent for encoding in cha.encodings]
    world.run(2)
    assert [encoding.sent for encoding in cha.encodings] == sent, "its uplink carries no picture"
    lan.forget()
    world.order(Show(endpoint=lan.id, tiles=(TileWish(endpoint=cha.id, height=180),), stage=0, screen=0))
    took = world.run_until(lambda: bool(lan.slot(SlotKind.TILE).packets), limit_s=3)
    assert took <= 0.2 + lan.down.delay_s + cha.up.delay_s


def test_no_picture_is_sent_larger_than_it_is_shown() -> None:
    world = World(49)
    lan, cha = meet(world, "lan", "cha")
    world.order(Show(endpoint=lan.id, tiles=(), stage=200, screen=0))
    world.run(4)
    lan.forget()
    world.run(2)
    assert set(layers(lan.slot(SlotKind.STAGE))) == {1}
    assert plan(world, cha).camera == ("h",)


def test_a_camera_that_announces_three_layers_and_sends_one_is_seen() -> None:
    world = World(50)
    lan, cha = meet(world, "lan", "cha")
    cha.obeys = False
    for encoding in cha.encodings[1:]:
        encoding.active = False
    world.run(5)
    lan.forget()
    world.run(2)
    assert set(layers(lan.slot(SlotKind.STAGE))) == {0}
    assert lan.slot(SlotKind.STAGE).missing() == []


def test_a_switch_of_layers_leaves_no_hole_and_no_number_twice() -> None:
    world = World(51)
    lan, _cha = meet(world, "lan", "cha")
    for height in (135, 540, 270, 1080, 90, 540):
        world.order(Show(endpoint=lan.id, stage=height))
        world.run(4)
    stage = lan.slot(SlotKind.STAGE)
    assert changes(layers(stage)) >= 3
    assert stage.missing() == []
    assert stage.duplicates == 0


# --- repair --------------------------------------------------------------------------------------


def test_packets_lost_on_the_way_up_are_asked_for_and_reach_everyone() -> None:
    world, (lan, cha, *_) = briefing(52)
    cha.up.loss, cha.up.delay_s = 0.08, 0.04
    world.run(10)
    cha.up.loss = 0.0
    world.run(1)
    assert cha.asked_for > 20
    assert len(lan.slot(SlotKind.STAGE).missing()) <= 2


def test_a_layer_that_nobody_watches_is_not_asked_for_again() -> None:
    world = World(53)
    lan, cha = meet(world, "lan", "cha")
    cha.obeys = False
    world.order(Show(endpoint=lan.id, stage=0, screen=0))
    world.run(5)
    cha.up.loss = 0.2
    before = cha.asked_for
    world.run(5)
    assert cha.asked_for == before


def test_a_client_with_a_bad_uplink_is_told_to_send_its_voice_with_redundancy() -> None:
    world, (_lan, cha, *_) = briefing(54)
    world.run(3)
    assert not plan(world, cha).red
    cha.up.loss = 0.1
    world.run(8)
    assert plan(world, cha).red
    cha.up.loss = 0.0
    world.run(15)
    assert not plan(world, cha).red
