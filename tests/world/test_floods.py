"""One participant sends all it can; the others hear and see each other as before, and what it may cause in
Python is bounded."""

import itertools
import struct
from collections.abc import Callable, Iterator

import pytest

from sfu import EndpointId, GateReason, RoomId, SetGates, SlotKind, Source
from sfu.fastpath.budgets import COMMON_REPORTS, LINE_CHECK, PARTICIPANT
from sfu.fastpath.kernel.tables import MAX_STRANGERS, REPORT_BYTES, REPORTS
from sfu.plane.slot import KEYFRAMES_AT_ONCE, KEYFRAMES_PER_S
from sfu.rtp import rtcp
from tests.support.offer import MID_EXT, VP8
from tests.support.scripted import Scripted, meet
from tests.support.world import World

FLOOD_S = 2.0
STEP_S = 0.01
A_STEP = 40
"""Packets of the flood in a step: 4,000 a second."""
THOUSANDS = struct.pack("!BBHIIHHIHH", 0x8F, 205, 5, 1, 1, 0, 8191, 0, 8191, 0)
"""A transport-wide feedback that declares 8,191 packets."""


def nacks(_: Scripted, ssrc: int) -> Iterator[bytes]:
    return itertools.repeat(rtcp.nack(1, ssrc, range(1000)))


def plis(_: Scripted, ssrc: int) -> Iterator[bytes]:
    return itertools.repeat(rtcp.pli(1, ssrc))


def feedback(_: Scripted, ssrc: int) -> Iterator[bytes]:
    return itertools.repeat(THOUSANDS * 20)


def reporters(_: Scripted, ssrc: int) -> Iterator[bytes]:
    return (rtcp.receiver_report(sender, ()) for sender in itertools.count(1000))


@pytest.mark.parametrize("flood", [nacks, plis, feedback, reporters])
def test_a_flood_of_reports_is_read_as_far_as_its_senders_budget_goes(
    flood: Callable[[Scripted, int], Iterator[bytes]],
) -> None:
    world = World(seed=31)
    lan, cha, hostile = meet(world, "lan", "cha", "hostile")
    world.run(6)
    read = _counting(world, hostile)
    stage = lan.slot(SlotKind.STAGE)
    before, voices = len(stage.packets), _voices(lan)
    packets = flood(hostile, hostile.slot_ssrc(SlotKind.STAGE))
    for _ in range(round(FLOOD_S / STEP_S)):
        for packet in itertools.islice(packets, A_STEP):
            hostile.send_rtcp(packet)
        world.run(STEP_S)
    mine = PARTICIPANT[REPORTS]
    bytes_read = sum(size + REPORT_BYTES for size in read)
    most = mine.burst + COMMON_REPORTS.burst + (FLOOD_S + 0.1) * (mine.per_s + COMMON_REPORTS.per_s)
    assert 0 < bytes_read <= most
    assert world.fastpath.refused(hostile.row, REPORTS) > 0 or flood is reporters
    assert _voices(lan) - voices >= 0.99 * FLOOD_S / 0.02, "nobody misses a sound"
    assert len(stage.packets) - before > 20
    assert stage.missing() == []
    assert len(cha.heard() & {"lan"}) == 1


def test_the_reports_of_others_are_read_while_one_has_used_up_what_all_share() -> None:
    world = World(seed=32)
    lan, _, hostile = meet(world, "lan", "cha", "hostile")
    world.run(6)
    for _ in range(round(FLOOD_S / STEP_S)):
        for _ in range(A_STEP):
            hostile.send_rtcp(THOUSANDS)
        world.run(STEP_S)
    read = _counting(world, lan)
    lan.send_rtcp(rtcp.receiver_report(1, ()))
    world.run(0.2)
    assert read
    assert world.fastpath.refused(lan.row, REPORTS) == 0


def test_libsrtp_keeps_state_for_a_bounded_number_of_reporters() -> None:
    world = World(seed=33)
    _, _, hostile = meet(world, "lan", "cha", "hostile")
    world.run(1)
    for ssrc in range(1000, 1000 + 2 * MAX_STRANGERS):
        hostile.send_rtcp(rtcp.receiver_report(ssrc, ()))
    world.run(0.5)
    assert world.fastpath.transports["strangers"][hostile.row] == MAX_STRANGERS
    read = _counting(world, hostile)
    world.run(5)
    hostile.send_rtcp(rtcp.receiver_report(1000, ()))
    world.run(0.2)
    assert read, "whom it knows, it goes on to hear"


def test_a_line_check_has_a_smaller_budget_and_none_that_is_shared() -> None:
    world = World(seed=34)
    check = Scripted(world, "check", room=RoomId("alone"), check=True)
    check.sending_camera = check.sending_microphone = check.feedback = False
    world.run(2)
    read = _counting(world, check)
    for _ in range(100):
        check.send_rtcp(THOUSANDS * 20)
        world.run(0.02)
    bytes_read = sum(size + REPORT_BYTES for size in read)
    allowed = LINE_CHECK[REPORTS]
    assert 0 < bytes_read <= allowed.burst + 2.5 * allowed.per_s


def test_one_viewers_requests_cost_a_publisher_a_keyframe_in_two_seconds() -> None:
    world = World(seed=35)
    _, cha, hostile = meet(world, "lan", "cha", "hostile")
    hostile.sending_camera = hostile.sending_microphone = False
    world.run(8)
    before = sum(encoding.keyframes for encoding in cha.encodings)
    ssrcs = [ssrc for ssrc in hostile.inbox if hostile.inbox[ssrc].video]
    seconds = 10.0
    for _ in range(round(seconds / 0.05)):
        for ssrc in ssrcs:
            hostile.send_rtcp(rtcp.pli(1, ssrc))
        world.run(0.05)
    made = sum(encoding.keyframes for encoding in cha.encodings) - before
    slots = 2  # the stage and a tile
    assert 0 < made <= slots * (KEYFRAMES_AT_ONCE + KEYFRAMES_PER_S * seconds)


def test_a_camera_that_sends_far_too_much_is_forwarded_as_far_as_its_budget_goes() -> None:
    world = World(seed=36)
    lan, cha, hostile = meet(world, "lan", "cha", "hostile")
    hostile.sending_camera = False
    world.run(4)
    copies = int(world.fastpath.counters.copies)
    voices = _voices(lan)
    body = b"\x90\x80\x80\x01\x10\x02\x00\x9d\x01\x2a\x40\x01\xf0\x00"
    for step in range(200):
        for k in range(100):
            hostile.send_rtp(VP8, (100 * step + k) & 0xFFFF, step * 900, 99, {MID_EXT: b"2"}, body)
        world.run(STEP_S)
    assert int(world.fastpath.counters.held) > 5000
    assert int(world.fastpath.counters.copies) - copies < 3 * 12_000
    assert _voices(lan) - voices >= 0.99 * 2 / 0.02
    assert cha.heard() >= {"lan"}


def test_transport_wide_numbers_that_leap_cost_a_bounded_report() -> None:
    """Each tick's feedback would have declared two thousand lost packets for each that came."""
    world = World(seed=37)
    _, _, hostile = meet(world, "lan", "cha", "hostile")
    world.run(2)
    reports: list[bytes] = []
    take = world.receivers[hostile.row]

    def count(datagram: bytes) -> None:
        if 192 <= datagram[1] <= 223:
            reports.append(datagram)
        take(datagram)

    world.receivers[hostile.row] = count
    hostile.sending_camera = hostile.sending_microphone = False
    world.run(1)
    del reports[:]
    for step in range(50):
        for _ in range(20):
            hostile.leap(2000)
            hostile.send_rtp(VP8, step, 0, 98, {MID_EXT: b"2"}, b"\x10\x00\x00")
        world.run(0.02)
    assert sum(map(len, reports)) < 60_000
    assert len(reports) < 1.2 * 10 * 20


def test_pictures_that_wait_on_a_thin_line_never_leave_once_their_gate_is_shut() -> None:
    world = World(seed=38)
    lan, cha = meet(world, "lan", "cha")
    lan.down.rate_bps, lan.down.queue_s = 300_000, 2.0
    world.run(12)
    pacer = world.associations[lan.row].pacer
    assert pacer is not None
    cha.encodings[0].wants_keyframe = True
    world.run_until(lambda: pacer.backlog_s > 0.05, 20)
    on_the_line = lan.down.free_at + lan.down.delay_s + 0.01
    world.order(SetGates(EndpointId("cha"), {Source.CAMERA: GateReason.HOST}))
    world.run(max(0.0, on_the_line - world.now))
    seen = {ssrc: dict(receiver.packets) for ssrc, receiver in lan.inbox.items()}
    world.run(2)
    later = [
        body
        for ssrc, receiver in lan.inbox.items()
        if receiver.video
        for number, body in receiver.packets.items()
        if body and number not in seen[ssrc]
    ]
    assert later == []
    world.order(SetGates(EndpointId("cha"), {Source.CAMERA: GateReason.OPEN}))
    world.run(4)
    asked = lan.asked_for
    world.run(3)
    assert lan.asked_for - asked < 20, "it does not ask for what will never come"
    assert any(body[0] == "cha" for body in lan.slot(SlotKind.TILE).bodies()[-3:])


def _counting(world: World, person: Scripted) -> list[int]:
    """Sizes of the compound packets that the slow path reads from now on."""
    read: list[int] = []
    listener = world.associations[person.row].listener
    on_rtcp = listener.on_rtcp

    def count(packet: bytes) -> None:
        read.append(len(packet))
        on_rtcp(packet)

    listener.on_rtcp = count  # type: ignore[method-assign] # this one object only
    return read


def _voices(person: Scripted) -> int:
    return sum(len(receiver.packets) for receiver in person.inbox.values() if not receiver.video)
