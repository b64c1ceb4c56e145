"""What a participant sends that was not agreed: it harms nobody, and reaches nobody."""

import struct

from sfu import FlowChanged, LineReport, SlotKind, Source
from sfu.recovery.budget import MIN_RESEND, RESEND_SHARE
from sfu.rtp import rtcp
from tests.support.offer import MID_EXT, OPUS, RID_EXT, RTX, VP8
from tests.support.scripted import Scripted, meet
from tests.support.world import World

SCREEN_MID = b"2"
KEYFRAME = struct.pack("!BBHBB", 0x90, 0xE0, 0x8001, 7, 0x20) + b"\0" + bytes(20)


def receivers(person: Scripted) -> int:
    return sum(len(receiver.packets) for receiver in person.inbox.values())


def test_a_packet_that_names_no_line_or_layer_of_the_offer_reaches_nobody() -> None:
    world = World(seed=21)
    lan, cha = meet(world, "lan", "cha")
    for person in (lan, cha):
        person.sending_camera = person.sending_microphone = False
    world.run(1)
    for number, names in enumerate(
        [{}, {MID_EXT: b"17"}, {MID_EXT: b"\xff"}, {MID_EXT: b"1", RID_EXT: b"z"}, {MID_EXT: b"1"}]
    ):
        for seq in range(5):
            cha.send_rtp(VP8, seq, 0, 9000 + number, names, KEYFRAME)
    world.run(2)
    assert receivers(lan) == 0
    assert not world.heard(FlowChanged)


def test_retransmissions_of_a_line_without_layers_do_not_take_the_place_of_its_media() -> None:
    world = World(seed=22)
    lan, cha = meet(world, "lan", "cha")
    lan.sending_camera = cha.sending_camera = False
    for seq in range(1, 80):
        lost = seq == 40
        if not lost:
            cha.send_rtp(VP8, seq, seq * 3000, 7001, {MID_EXT: SCREEN_MID}, KEYFRAME)
        if seq == 45:
            cha.send_rtp(RTX, 1, 40 * 3000, 7002, {MID_EXT: SCREEN_MID}, struct.pack("!H", 40) + KEYFRAME)
        world.run(0.05)
    screen = lan.slot(SlotKind.SCREEN)
    assert len(screen.packets) > 30
    assert screen.missing() == [], "the one that was lost came by RTX, and the media went on after it"


def test_a_flood_of_nacks_is_answered_within_its_budget() -> None:
    world = World(seed=23)
    lan, _ = meet(world, "lan", "cha")
    world.run(6)
    lan.nacks = False
    stage = lan.slot(SlotKind.STAGE)
    everything = [number & 0xFFFF for number in sorted(stage.packets)]
    ssrc = next(ssrc for ssrc, receiver in lan.inbox.items() if receiver is stage)
    before, since, earlier = lan.rtx_seen, world.now, int(world.fastpath.counters.resent_bytes)
    for _ in range(200):
        lan.send_rtcp(rtcp.nack(1, ssrc, everything))
        world.run(0.005)
    took = world.now - since
    carries = max(report.estimate_bps for report in world.heard(LineReport)) / 8
    assert lan.rtx_seen > before
    resent = int(world.fastpath.counters.resent_bytes) - earlier
    assert resent <= (took + 0.2) * (1.5 * RESEND_SHARE * carries + 10 * MIN_RESEND)


def test_a_voice_under_another_codecs_number_is_not_taken_for_a_picture() -> None:
    world = World(seed=24)
    lan, cha = meet(world, "lan", "cha")
    lan.sending_camera = cha.sending_camera = cha.sending_microphone = False
    for seq in range(40):
        cha.send_rtp(OPUS, seq, seq * 960, 7003, {MID_EXT: SCREEN_MID}, b"voice")
        world.run(0.02)
    assert lan.slot(SlotKind.SCREEN).packets == {}, "a picture begins with a keyframe, and this has none"
    assert lan.heard() == set()


def test_reports_and_feedback_that_make_no_sense_change_nothing() -> None:
    world = World(seed=25)
    lan, cha = meet(world, "lan", "cha")
    for _ in range(300):
        size = world.rng.randrange(4, 200) & ~3
        head = struct.pack(
            "!BBH", 0x80 | world.rng.randrange(32), world.rng.randrange(200, 208), size // 4 - 1
        )
        lan.send_rtcp(head + struct.pack("!I", 1) + world.rng.randbytes(size - 8 if size > 8 else 0))
        world.run(0.01)
    assert lan.slot(SlotKind.TILE).missing() == []
    assert cha.heard() == {"lan"}
    assert any(e.source is Source.CAMERA for e in world.heard(FlowChanged))
