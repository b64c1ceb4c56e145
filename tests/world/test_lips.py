"""The voice of the participant on the stage comes on the slot that browsers play in step with the stage, and
both tell of one clock."""

from dataclasses import dataclass
from itertools import pairwise

import pytest

from sfu import SetStage, SlotKind
from sfu.plane.reporting import MAX_LATE_US
from sfu.rtp import rtcp
from sfu.rtp.header import parse_header_untrusted
from sfu.rtp.ntp import ntp_from_unix, unix_from_ntp
from tests.support.scripted import ROOM, Scripted, meet
from tests.support.world import World

SPEECH, SILENCE = 25, 127
CAMERA_S = 0.08
"""How slow the cameras are: a picture is made this much before it is sent."""


@dataclass
class Reporting:
    """A publisher that reports what its own clock says, once a second."""

    who: Scripted
    ahead_s: float
    """Of our clock."""
    camera_s: float = CAMERA_S

    def begin(self) -> None:
        self.who.world.after(1.0, self._report)

    def _report(self) -> None:
        self.begin()
        who, now = self.who, self.who.world.now
        clock = ntp_from_unix(1_600_000_000 + self.ahead_s + now)
        picture = ntp_from_unix(1_600_000_000 + self.ahead_s + now - self.camera_s)
        who.send_rtcp(rtcp.sender_report(who.audio_ssrc, clock, who.timestamp("audio", now), 0, 0))
        for encoding in who.encodings:
            who.send_rtcp(rtcp.sender_report(encoding.ssrc, picture, who.timestamp("video", now), 0, 0))


def apart_s(viewer: Scripted, camera_s: float = CAMERA_S) -> float:
    """How much later than a sound that was made at the same time a picture seems to have been made, to one
    who believes the newest reports."""
    arrived: dict[int, tuple[float, int]] = {}

    def note(packet: bytes) -> None:
        header = parse_header_untrusted(packet)
        arrived[header.ssrc] = (viewer.world.now, header.timestamp)

    viewer.peek = note
    viewer.world.run(0.2)
    errors = []
    for kind, clock_hz, late_s in ((SlotKind.AUDIO, 48_000, 0.0), (SlotKind.STAGE, 90_000, camera_s)):
        ssrc = viewer.slot_ssrc(kind)
        (came_s, ts), (_, report) = arrived[ssrc], viewer.reports[ssrc][-1]
        since = (ts - report.rtp_timestamp + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000
        said_s = unix_from_ntp(report.ntp) - 1_700_000_000 + since / clock_hz
        errors.append(said_s - (came_s - late_s))
    return errors[1] - errors[0]


def voice_slot(viewer: Scripted, who: Scripted) -> int:
    """Of the audio slots, the one on which the newest sounds of somebody came; -1: on none."""
    viewer.forget()
    viewer.world.run(0.1)
    voices = [viewer.slot(SlotKind.AUDIO, index).bodies() for index in range(3)]
    return next((index for index, came in enumerate(voices) if who.name in {body[0] for body in came}), -1)


def test_voice_and_picture_tell_of_one_clock_also_after_a_change_of_speaker() -> None:
    world = World(seed=41)
    lan, cha, nam = meet(world, "lan", "cha", "nam")
    for who, ahead_s in ((cha, 40.0), (nam, -7000.0)):
        who.microphone_dbov = SPEECH if who is cha else SILENCE
        Reporting(who, ahead_s).begin()
    world.run(12)
    assert apart_s(lan) == pytest.approx(0, abs=0.003)
    cha.microphone_dbov, nam.microphone_dbov = SILENCE, SPEECH
    world.run(12)
    assert lan.slot(SlotKind.STAGE).bodies()[-1][0] == nam.name
    assert apart_s(lan) == pytest.approx(0, abs=0.003)


def test_the_viewer_is_told_at_once_when_the_stage_carries_another_clock() -> None:
    world = World(seed=42)
    lan, cha, nam = meet(world, "lan", "cha", "nam")
    for who in (cha, nam):
        Reporting(who, 5.0).begin()
    world.order(SetStage(room=ROOM, endpoint=cha.id))
    world.run(5)
    stage = lan.slot(SlotKind.STAGE)
    lan.forget()
    world.order(SetStage(room=ROOM, endpoint=nam.id))
    world.run_until(lambda: bool(stage.packets) and stage.bodies()[-1][0] == nam.name, limit_s=2)
    begun = world.now
    reports = lan.reports[lan.slot_ssrc(SlotKind.STAGE)]
    before = len(reports)
    assert world.run_until(lambda: len(reports) > before, limit_s=1) < 0.2
    assert reports[-1][0] >= begun


def test_the_round_trip_is_measured_as_before() -> None:
    world = World(seed=43)
    lan, cha = meet(world, "lan", "cha")
    Reporting(cha, 900.0).begin()
    world.run(5)
    for came_s, report in lan.reports[lan.slot_ssrc(SlotKind.STAGE)]:
        assert unix_from_ntp(report.ntp) - 1_700_000_000 == pytest.approx(
            came_s - lan.down.delay_s, abs=0.001
        )


def test_a_publisher_cannot_hold_up_its_voice_for_its_picture_without_end() -> None:
    world = World(seed=44)
    lan, cha = meet(world, "lan", "cha")
    Reporting(cha, 0.0, camera_s=0.6).begin()
    world.run(20)
    claimed_s = 0.6 - apart_s(lan, camera_s=0.6)
    assert claimed_s <= MAX_LATE_US / 1e6 + 0.001


def test_a_voice_comes_to_the_stages_slot_in_a_pause_and_nothing_of_it_is_lost() -> None:
    world = World(seed=45)
    lan, cha, nam = meet(world, "lan", "cha", "nam")
    cha.microphone_dbov, nam.microphone_dbov = SPEECH, SILENCE
    world.run(3)
    assert voice_slot(lan, cha) == 0
    before = voice_slot(lan, nam)
    assert before > 0
    lan.forget()
    nam.microphone_dbov, cha.microphone_dbov = SPEECH, SILENCE
    world.run_until(
        lambda: (
            lan.slot(SlotKind.STAGE).bodies()[-1:] != []
            and lan.slot(SlotKind.STAGE).bodies()[-1][0] == nam.name
        ),
        limit_s=10,
    )
    world.run(3)
    spoken = lan.slot(SlotKind.AUDIO, before).bodies()
    assert spoken[-1][0] == nam.name, "while it speaks, it stays"
    nam.microphone_dbov = SILENCE
    world.run(0.3)
    nam.microphone_dbov = SPEECH
    world.run(1)
    came = [body for index in range(3) for body in lan.slot(SlotKind.AUDIO, index).bodies()]
    frames = sorted(frame for name, _, frame in came if name == nam.name)
    assert all(after - earlier == 1 for earlier, after in pairwise(frames)), "each sound came once"
    assert voice_slot(lan, nam) == 0
