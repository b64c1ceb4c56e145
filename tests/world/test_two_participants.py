"""Two participants and a chair over a virtual net with loss: what they see and hear of each other."""

import pytest

from sfu import (
    CloseEndpoint,
    Done,
    EndpointChanged,
    EndpointId,
    EndpointState,
    FlowChanged,
    GateReason,
    SetGates,
    Show,
    SlotKind,
    SlotsChanged,
    Source,
    TileWish,
)
from tests.support.scripted import OPEN, Scripted, meet
from tests.support.world import World

SHUT = {Source.MICROPHONE: GateReason.HOST}


def test_two_participants_see_and_hear_each_other() -> None:
    world = World(seed=1)
    lan, cha = meet(world, "lan", "cha")
    world.run(3)
    for one, other in ((lan, cha), (cha, lan)):
        tile = one.slot(SlotKind.TILE)
        assert {body[0] for body in tile.bodies()} == {other.name}
        assert {body[1] for body in tile.bodies()} == {0}, "a tile gets the lowest layer"
        assert one.heard() == {other.name}
        assert tile.missing() == []


def test_a_picture_on_the_wire_starts_with_a_keyframe_and_goes_on_without_a_hole() -> None:
    world = World(seed=2)
    lan, _cha = meet(world, "lan", "cha")
    world.run(8)
    stage = lan.slot(SlotKind.STAGE)
    frames = [frame for _, layer, frame in stage.bodies() if layer == 2]
    assert frames == sorted(frames)
    assert set(range(frames[0], frames[-1] + 1)) == set(frames)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_loss_on_the_way_down_is_repaired_from_the_shared_history(seed: int) -> None:
    world = World(seed)
    lan, _ = meet(world, "lan", "cha")
    lan.down.loss = lan.up.loss = 0.05
    lan.down.jitter_s = 0.015
    world.run(10)
    lan.down.loss = 0.0
    world.run(1)
    stage = lan.slot(SlotKind.STAGE)
    assert lan.down.dropped > 50
    assert lan.rtx_seen > 20
    assert len(stage.missing()) <= 2, "lost for good"


def test_loss_for_one_costs_the_other_nothing() -> None:
    world = World(seed=6)
    lan, _cha, nam = meet(world, "lan", "cha", "nam")
    lan.down.loss = 0.3
    world.run(8)
    assert nam.slot(SlotKind.STAGE).missing() == []
    assert nam.rtx_seen == 0


def test_a_muted_participant_who_keeps_sending_is_heard_by_nobody() -> None:
    world = World(seed=7)
    lan, cha, nam = meet(world, "lan", "cha", "nam")
    world.run(2)
    assert world.order(SetGates(endpoint=cha.id, gates=SHUT)) == Done()
    world.run(0.1)  # what was on the way when the gate fell
    lan.forget()
    nam.forget()
    before = cha.sent_audio
    world.run(5)
    assert cha.sent_audio > before + 200
    assert "cha" not in lan.heard() | nam.heard()
    assert "nam" in lan.heard()


def test_after_a_mute_of_more_than_a_roll_over_the_voice_comes_back() -> None:
    world = World(seed=8)
    lan, cha = meet(world, "lan", "cha")
    cha.sending_camera = lan.sending_camera = False
    world.run(1)
    world.order(SetGates(endpoint=cha.id, gates=SHUT))
    cha.skip_audio(70_000)
    world.order(SetGates(endpoint=cha.id, gates={Source.MICROPHONE: GateReason.OPEN}))
    lan.forget()
    world.run(1)
    assert lan.heard() == {"cha"}


def test_a_camera_that_is_shut_and_opened_goes_on_with_a_keyframe_and_no_hole() -> None:
    world = World(seed=9)
    lan, cha = meet(world, "lan", "cha")
    world.run(2)
    world.order(SetGates(endpoint=cha.id, gates={Source.CAMERA: GateReason.SELF}))
    world.run(2)
    seen = len(lan.slot(SlotKind.TILE).packets)
    keyframes = cha.encodings[0].keyframes
    world.order(SetGates(endpoint=cha.id, gates={Source.CAMERA: GateReason.OPEN}))
    world.run(1)
    assert len(lan.slot(SlotKind.TILE).packets) > seen
    assert cha.encodings[0].keyframes > keyframes
    assert lan.slot(SlotKind.TILE).missing() == []


def test_nothing_from_a_participant_gets_through_before_admission() -> None:
    world = World(seed=10)
    lan = Scripted(world, "lan")
    stranger = Scripted(world, "la", gates=dict.fromkeys(Source, GateReason.LOBBY))
    world.order(Show(endpoint=lan.id, tiles=(TileWish(endpoint=stranger.id, height=180),)))
    world.run(3)
    assert all(not receiver.packets for receiver in lan.inbox.values())


def test_a_participant_who_reconnects_is_seen_again_in_the_tile_that_waited() -> None:
    world = World(seed=11)
    lan, cha = meet(world, "lan", "cha")
    world.run(2)
    world.order(CloseEndpoint(endpoint=cha.id))
    world.run(1)
    cha.sending_camera = cha.sending_microphone = False
    again = Scripted(world, "cha")
    lan.forget()
    took = world.run_until(lambda: bool(lan.slot(SlotKind.TILE).packets), limit_s=3)
    assert took < 1.5
    assert again.id == cha.id


def test_the_slot_map_is_sent_before_the_first_packet_of_the_new_source() -> None:
    world = World(seed=12)
    lan, cha = meet(world, "lan", "cha")
    tile_mid = next(line.mid for line in lan.slots if line.kind is SlotKind.TILE)
    world.run_until(lambda: bool(lan.slot(SlotKind.TILE).packets), limit_s=3)
    maps = [event for event in world.heard(SlotsChanged) if event.endpoint == lan.id]
    assert any(view.mid == tile_mid and view.endpoint == cha.id for view in maps[-1].slots)


def test_a_line_that_falls_silent_is_reported_lost_and_comes_back_by_itself() -> None:
    world = World(seed=13)
    lan, cha = meet(world, "lan", "cha")
    world.run(2)
    cha.up.loss = 1.0
    world.run(15)
    states = [event.state for event in world.heard(EndpointChanged) if event.endpoint == cha.id]
    assert states[-1] is EndpointState.LOST
    frozen = [e for e in world.heard(FlowChanged) if e.endpoint == cha.id and e.source is Source.CAMERA]
    assert [e.flowing for e in frozen] == [True, False]
    cha.up.loss = 0.0
    lan.forget()
    world.run(3)
    states = [event.state for event in world.heard(EndpointChanged) if event.endpoint == cha.id]
    assert states[-1] is EndpointState.CONNECTED
    assert lan.heard() == {"cha"}


def test_forty_requests_for_a_keyframe_become_few_at_the_publisher() -> None:
    world = World(seed=14)
    lan, cha = meet(world, "lan", "cha")
    world.run(2)
    before = sum(encoding.keyframes for encoding in cha.encodings)
    for _ in range(40):
        lan.ask_keyframe(SlotKind.STAGE)
        world.run(0.025)
    assert 1 <= sum(encoding.keyframes for encoding in cha.encodings) - before <= 5


def test_of_five_open_microphones_the_three_loudest_are_heard() -> None:
    world = World(seed=15)
    people = meet(world, "lan", "cha", "nam", "mai", "ba", "listener")
    for person, level in zip(people, (20, 70, 22, 75, 24, 127), strict=True):
        person.microphone_dbov = level
    listener = people[-1]
    world.order(SetGates(endpoint=listener.id, gates=SHUT))
    world.run(3)
    listener.forget()
    world.run(2)
    assert listener.heard() == {"lan", "nam", "ba"}


def test_opening_with_the_same_id_replaces_the_old_transport() -> None:
    world = World(seed=16)
    _lan, _cha = meet(world, "lan", "cha")
    world.run(1)
    Scripted(world, "cha", gates=OPEN)
    world.run(1)
    assert len(world.associations) == 2
    assert world.order(CloseEndpoint(endpoint=EndpointId("cha"))) == Done()
    assert len(world.associations) == 1
