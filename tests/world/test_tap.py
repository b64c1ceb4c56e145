"""What a recorder gets from a meeting: what a delegate's slots would get, and nothing from a shut gate."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from sfu import (
    CloseEndpoint,
    Done,
    EndpointId,
    GateReason,
    RoomId,
    SendPlan,
    SetGates,
    SetStage,
    Show,
    SlotKind,
    Source,
)
from sfu.fastpath import TableFull
from sfu.plane.plane import MAX_TAPS
from sfu.rtp import rtcp
from sfu.tapline import FromTap, TapSlot, TapSlots
from tests.support.scripted import ROOM, Scripted, meet
from tests.support.tapped import NOTHING, Tapped, is_keyframe
from tests.support.world import World

pytestmark = pytest.mark.record

LOBBY = dict.fromkeys(Source, GateReason.LOBBY)


def tap(world: World, room: RoomId = ROOM) -> Tapped:
    tapped = Tapped()
    world.plane.open_tap(room, tapped.take)
    return tapped


def shut(world: World, who: Scripted, *sources: Source, reason: GateReason = GateReason.HOST) -> None:
    assert world.order(SetGates(endpoint=who.id, gates=dict.fromkeys(sources, reason))) == Done()


def rows(tapped: Tapped) -> list[int]:
    """Which encodings the stage's pictures come from, in the order in which they follow each other."""
    layers = [
        packet.payload[16] if is_keyframe(packet) else packet.payload[7]
        for packet in tapped.packets(SlotKind.STAGE)
    ]
    return [layer for at, layer in enumerate(layers) if at == 0 or layers[at - 1] != layer]


def spoken(tapped: Tapped, who: Scripted) -> list[int]:
    """The numbers of one participant's sounds."""
    return [int.from_bytes(p.payload[16:20], "big") for p in tapped.packets(SlotKind.AUDIO, who.id)]


def test_a_recorder_gets_the_stage_in_its_best_layer_and_the_voices() -> None:
    world = World(seed=71)
    lan, cha = meet(world, "lan", "cha")
    lan.microphone_dbov = 20
    world.run(1)
    tapped = tap(world)
    assert tapped.slots[0] == TapSlot(lan.id, Source.CAMERA)
    assert {slot.endpoint for slot in tapped.slots[2:]} == {lan.id, cha.id, None}
    world.run(3)
    assert rows(tapped)[-1] == 2
    assert not any(tapped.holes)
    pictures = {packet.ts for packet in tapped.packets(SlotKind.STAGE)}
    assert len(pictures) > 35
    for who in (lan, cha):
        heard = spoken(tapped, who)
        assert len(heard) > 140
        assert heard == list(range(heard[0], heard[0] + len(heard)))


def test_nothing_is_sent_to_anybody_for_a_recorder() -> None:
    world = World(seed=72)
    lan = Scripted(world, "lan")
    world.run(1)
    tapped = tap(world)
    copies = world.fastpath.counters.copies
    world.run(3)
    assert len(tapped.packets(SlotKind.STAGE)) > 300
    assert world.fastpath.counters.copies == copies
    assert lan.inbox
    assert not any(receiver.packets for receiver in lan.inbox.values())


def test_packets_lost_on_the_way_up_are_asked_for_even_if_only_the_recorder_looks() -> None:
    world = World(seed=73)
    lan = Scripted(world, "lan")
    lan.up.loss, lan.up.jitter_s = 0.05, 0.01
    world.run(1)
    tapped = tap(world)
    world.run(10)
    assert lan.asked_for > 30
    assert tapped.holes[0] <= 3
    stage = {packet.ts for packet in tapped.packets(SlotKind.STAGE)}
    assert len(stage) > 0.9 * 10 * 15
    assert 0.9 * 500 < len(spoken(tapped, lan)) < 500, "sounds are not asked for again"


def test_a_muted_voice_is_no_longer_on_the_line_when_the_order_is_answered() -> None:
    world = World(seed=74)
    lan, cha = meet(world, "lan", "cha")
    lan.microphone_dbov = 20
    world.run(1)
    tapped = tap(world)
    world.run(2)
    shut(world, lan, Source.MICROPHONE)
    last = spoken(tapped, lan)[-1]
    assert lan.sent_audio - last <= 4, "what was said before is there"
    lan.microphone_dbov = 0
    world.run(3)
    assert spoken(tapped, lan)[-1] == last
    assert len(spoken(tapped, cha)) > 200
    said = lan.sent_audio
    assert world.order(SetGates(endpoint=lan.id, gates={Source.MICROPHONE: GateReason.OPEN})) == Done()
    world.run(1)
    after = [number for number in spoken(tapped, lan) if number > last]
    assert len(after) > 30
    assert after[0] >= said


def test_a_shut_camera_stands_still_and_comes_back_with_a_keyframe() -> None:
    world = World(seed=75)
    lan, _ = meet(world, "lan", "cha")
    world.order(SetStage(room=ROOM, endpoint=lan.id))
    world.run(1)
    tapped = tap(world)
    world.run(2)
    shut(world, lan, Source.CAMERA, reason=GateReason.SELF)
    tapped.forget()
    world.run(2)
    assert tapped.packets(SlotKind.STAGE) == []
    shut(world, lan, Source.CAMERA, reason=GateReason.OPEN)
    world.run(1)
    assert is_keyframe(tapped.packets(SlotKind.STAGE)[0])
    assert len(tapped.packets(SlotKind.STAGE)) > 50


def test_when_the_best_layer_stops_the_next_goes_on_from_a_keyframe_and_back() -> None:
    world = World(seed=76)
    lan = Scripted(world, "lan")
    world.run(1)
    tapped = tap(world)
    world.run(2)
    lan.obeys = False
    lan.encodings[2].active = False
    world.run(5)
    lan.encodings[2].active = True
    lan.encodings[2].wants_keyframe = True
    world.run(5)
    assert rows(tapped) == [2, 1, 2]
    moments = sorted({packet.ts for packet in tapped.packets(SlotKind.STAGE)})
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert max(gaps) < 2 * 90_000, "nothing longer than it takes to see that a layer has stopped"


def test_a_new_participant_on_the_stage_is_announced_and_begins_with_a_keyframe() -> None:
    world = World(seed=77)
    lan, cha = meet(world, "lan", "cha")
    world.order(SetStage(room=ROOM, endpoint=lan.id))
    world.run(1)
    tapped = tap(world)
    world.run(1)
    world.order(SetStage(room=ROOM, endpoint=cha.id))
    world.run(1)
    assert tapped.slots[0] == TapSlot(cha.id, Source.CAMERA)
    coming = tapped.packets(SlotKind.STAGE, cha.id)
    assert is_keyframe(coming[0])
    assert len(coming) > 50


def test_a_recorder_that_begins_a_segment_gets_keyframes() -> None:
    world = World(seed=78)
    Scripted(world, "lan")
    world.run(1)
    tapped = Tapped()
    line = world.plane.open_tap(ROOM, tapped.take)
    world.run(2)
    tapped.forget()
    world.plane.refresh_tap(line)
    world.run(0.4)
    assert any(is_keyframe(packet) for packet in tapped.packets(SlotKind.STAGE))
    tapped.forget()
    world.run(4)
    assert not any(is_keyframe(packet) for packet in tapped.packets(SlotKind.STAGE)), "once is enough"


def test_a_keyframe_whose_request_was_lost_is_asked_for_again() -> None:
    world = World(seed=79)
    lan = Scripted(world, "lan")
    world.run(1)
    tapped = Tapped()
    line = world.plane.open_tap(ROOM, tapped.take)
    world.run(2)
    tapped.forget()
    lan.down.loss = 1.0
    world.plane.refresh_tap(line)
    world.run(0.1)
    lan.down.loss = 0.0
    world.run(0.7)
    assert any(is_keyframe(packet) for packet in tapped.packets(SlotKind.STAGE))


def test_sender_reports_tie_a_stream_to_its_publishers_clock() -> None:
    world = World(seed=80)
    lan = Scripted(world, "lan")
    world.run(1)
    camera = lan.encodings[2]
    lan.send_rtcp(rtcp.sender_report(camera.ssrc, 7 << 32, 4711, 0, 0))
    world.run(0.1)
    tapped = tap(world)
    world.run(1)
    [report] = tapped.reports
    assert (report.endpoint, report.source, report.stream) == (lan.id, Source.CAMERA, camera.ssrc)
    assert (report.ntp, report.ts) == (7 << 32, 4711)
    first = next(at for at, message in enumerate(tapped.messages) if not isinstance(message, TapSlots))
    assert tapped.messages[first] is report, "what is known already comes before the first picture"
    lan.send_rtcp(rtcp.sender_report(camera.ssrc, 8 << 32, 94711, 0, 0))
    lan.send_rtcp(rtcp.sender_report(lan.encodings[0].ssrc, 8 << 32, 94711, 0, 0))
    world.run(0.5)
    assert [report.ts for report in tapped.reports] == [4711, 94711], "only of what is recorded"
    assert 0 <= world.now * 1e6 - tapped.reports[-1].at_us < 0.5e6


def test_the_newest_arrival_goes_with_the_newest_timestamp() -> None:
    world = World(seed=81)
    lan = Scripted(world, "lan")
    world.run(1)
    tapped = tap(world)
    world.run(2)
    for media in tapped.media:
        if media.source is Source.CAMERA:
            sent_s = ((media.newest_ts - lan._clock_start) & 0xFFFFFFFF) / 90_000
            assert media.newest_us / 1e6 - sent_s == pytest.approx(lan.up.delay_s, abs=0.001)
            assert media.newest_ts == media.packets[-1].ts


def test_a_room_that_is_not_open_is_silence_and_then_begins() -> None:
    world = World(seed=82)
    tapped = tap(world)
    world.run(1)
    assert tapped.messages == []
    lan = Scripted(world, "lan")
    world.run(2)
    assert tapped.slots[0] == TapSlot(lan.id, Source.CAMERA)
    assert len(tapped.packets(SlotKind.STAGE)) > 100
    world.order(CloseEndpoint(endpoint=lan.id))
    assert tapped.slots == (NOTHING,) * 5
    tapped.forget()
    world.run(1)
    assert tapped.messages == []
    Scripted(world, "lan")
    world.run(2)
    assert len(tapped.packets(SlotKind.STAGE)) > 100


def test_a_participant_who_returns_on_another_line_goes_on() -> None:
    world = World(seed=83)
    cha, lan = meet(world, "cha", "lan")
    world.order(SetStage(room=ROOM, endpoint=lan.id))
    world.run(1)
    tapped = tap(world)
    world.run(1)
    lan.sending_camera = lan.sending_microphone = False
    again = Scripted(world, "lan")
    tapped.forget()
    world.run(2)
    assert len(tapped.packets(SlotKind.STAGE, again.id)) > 100
    assert len(spoken(tapped, again)) > 50
    assert len(spoken(tapped, cha)) > 80


def test_the_lobby_and_line_checks_are_never_tapped() -> None:
    world = World(seed=84)
    Scripted(world, "lan")
    waiting = Scripted(world, "la", gates=LOBBY)
    checking = Scripted(world, "ky", room=RoomId("check"), check=True)
    of_the_check = tap(world, RoomId("check"))
    tapped = tap(world)
    for who in (waiting, checking):
        who.microphone_dbov = 0
        world.order(SetStage(room=ROOM, endpoint=who.id))
        world.order(SetStage(room=RoomId("check"), endpoint=who.id))
    world.run(3)
    assert of_the_check.media == []
    assert {media.endpoint for media in tapped.media} == {EndpointId("lan")}


def test_a_layer_that_only_the_recorder_wants_is_sent_for_it_and_paused_when_it_goes() -> None:
    world = World(seed=85)
    lan, cha = meet(world, "lan", "cha")
    world.order(SetStage(room=ROOM, endpoint=lan.id))
    world.order(Show(endpoint=cha.id, stage=135))
    world.order(Show(endpoint=lan.id, stage=0))
    world.run(6)
    assert planned(world, lan) == ("q",)
    tapped = Tapped()
    line = world.plane.open_tap(ROOM, tapped.take)
    world.run(5)
    assert "f" in planned(world, lan)
    assert rows(tapped)[-1] == 2
    world.plane.close_tap(line)
    tapped.forget()
    world.run(5)
    assert tapped.messages == []
    assert planned(world, lan) == ("q",)


def planned(world: World, who: Scripted) -> tuple[str, ...]:
    return [plan.camera for plan in world.heard(SendPlan) if plan.endpoint == who.id][-1]


def test_there_is_a_bound_on_taps() -> None:
    world = World(seed=86)

    def ignore(messages: Sequence[FromTap]) -> None:
        pass

    lines = [world.plane.open_tap(ROOM, ignore) for _ in range(MAX_TAPS)]
    with pytest.raises(TableFull):
        world.plane.open_tap(ROOM, ignore)
    world.plane.close_tap(lines[0])
    world.plane.open_tap(ROOM, ignore)
