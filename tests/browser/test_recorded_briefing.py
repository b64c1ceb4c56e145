"""A recorded briefing, from the chair's button to the film that the board watches: a chair at a real browser,
bridge points whose pictures and voices tell the time, a recorder that is killed in the middle. Opened as the
board does, with the private key that the server never had."""

import asyncio
import itertools
import statistics
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
import pytest_asyncio

from deploy.simulate.picture import read_counter
from recorder.format.blocks import Block
from recorder.format.entries import FloorEntry, GapEntry, GapKind, MarkEntry, PeopleEntry
from recorder.opening.archive import open_archive
from recorder.opening.film.contents import read_contents
from recorder.opening.film.edit_list import FPS, edit_list, frame_at
from recorder.opening.opened import OpenedRecording
from recorder.opening.unsealed import identities_untrusted
from signaling.model.words import Role
from signaling.protocol import RaiseHand
from tests.support.appliance import Appliance, now_ms
from tests.support.browser import Browser
from tests.support.gathering import Gathering, Person, tid
from tests.support.metronome import RATE, Sound, beeps, matched, offsets, ticks
from tests.support.record_meeting import BOARD, Recorded, recorded_meeting
from tests.support.record_reading import Reading, read

pytestmark = [
    pytest.mark.record,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]

TURN_S = 5.0
SYNC_S = 0.040
FILM_SYNC_S = 0.060
"""Half a frame more: a film has 25 frames a second."""
LOST_S = 2.0
"""What a crash may cost."""
MUTED, KILLED, FIRST, NEVER = range(4)
"""What becomes of each point, by its number: muted in its turn; while it speaks the recorder is killed; has
its turn in peace (an office, so first of the queue); never asks for the floor, and sends all the time."""
PAUSED_S = 3.0


@dataclass
class Briefing:
    chair: Person
    meeting: Recorded


@dataclass
class Held:
    """When things happened, in Unix milliseconds."""

    killed_ms: int = 0
    muted_ms: int = 0
    paused_ms: int = 0


@pytest_asyncio.fixture(loop_scope="session")
async def briefing(
    appliance: Appliance, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Briefing]:
    gathered = await Gathering.call(appliance, {"chromium": chromium})
    chair = await gathered.person(
        "chromium", Role.CHAIR, name="BS. Lý A Sử", unit="test-bgd", width=320, height=180, fps=8
    )
    folder = tmp_path_factory.mktemp("board")
    async with recorded_meeting(appliance, gathered.meeting, folder, 4) as meeting:
        await chair.walk_in()
        yield Briefing(chair, meeting)
    await gathered.part()


async def test_a_recorded_briefing(briefing: Briefing, tmp_path: Path) -> None:
    chair, meeting = briefing.chair, briefing.meeting
    await chair.set_order("ordered", turn_s=0)
    for point in meeting.points[:NEVER]:
        await point.send(RaiseHand("Báo cáo"))
        await point.wait_for(lambda view: view.floor is not None and bool(view.floor.queue))
    await press_record(chair)
    held = await hold(briefing)
    await end(chair)
    assert chair.page.errors == []

    folder = meeting.folder
    opened = OpenedRecording(open_archive(folder), identities_untrusted(meeting.key.read_bytes()))
    blocks = [block for block in opened.blocks() if isinstance(block, Block)]
    reading = read(blocks)
    begun_ms = opened.summary.begun_ms
    the_timeline_tells_what_happened(meeting, reading, held, begun_ms)
    pictures_are_in_order(reading)
    sound_goes_with_pictures(meeting, reading)
    who_is_muted_is_not_in_it(meeting, reading, held, begun_ms)
    await anybody_with_the_key_opens_it(meeting, folder, tmp_path)
    await the_film_shows_it(meeting, whole_beeps(opened, reading), tmp_path)


# --- the meeting --------------------------------------------------------------------------------------


async def press_record(chair: Person) -> None:
    await chair.page.click(tid("bar-more"))
    await chair.page.click(tid("record-start"))
    await chair.reads(BOARD)
    await chair.confirm()
    await is_recorded(chair)


async def is_recorded(chair: Person, state: str = "on") -> None:
    await chair.page.wait_for(f"probe.told('recording')?.state === '{state}'", 30)
    light = f"document.querySelector('{tid('recording-light')}')?.dataset.state === '{state}'"
    await chair.page.wait_for(light)


async def hold(briefing: Briefing) -> Held:
    """Three turns and a pause."""
    chair, meeting = briefing.chair, briefing.meeting
    held = Held()
    await chair.invite_next()
    await asyncio.sleep(TURN_S)
    await chair.invite_next()
    await asyncio.sleep(TURN_S)
    held.killed_ms = now_ms()
    await meeting.kill_recorder()
    await is_recorded(chair)
    await asyncio.sleep(TURN_S)
    await chair.invite_next()
    await asyncio.sleep(TURN_S)
    muted = meeting.id_of(meeting.points[MUTED])
    await chair.page.do(f"probe.say({{type: 'mute', participant: '{muted}', source: 'microphone'}})")
    held.muted_ms = now_ms()
    await asyncio.sleep(TURN_S)
    await chair.page.click(tid("bar-more"))
    await chair.page.click(tid("record-pause"))
    await is_recorded(chair, "paused")
    held.paused_ms = now_ms()
    await asyncio.sleep(PAUSED_S)
    await chair.page.click(tid("bar-more"))
    await chair.page.click(tid("record-resume"))
    await is_recorded(chair)
    await chair.page.do("probe.say({type: 'mark-recording', text: 'Chỉ đạo'})")
    await asyncio.sleep(2)
    return held


async def end(chair: Person) -> None:
    await chair.page.click(tid("bar-more"))
    await chair.page.click(tid("record-stop"))
    await chair.confirm()
    await chair.page.wait_for("probe.told('recording')?.state === 'off'", 30)


# --- what the board finds in it ------------------------------------------------------------------------


def the_timeline_tells_what_happened(meeting: Recorded, reading: Reading, held: Held, begun_ms: int) -> None:
    order = [meeting.id_of(meeting.points[number]) for number in (FIRST, KILLED, MUTED)]
    holders = [
        entry.holders[0] for entry in reading.entries if isinstance(entry, FloorEntry) and entry.holders
    ]
    assert [one for one, _ in itertools.groupby(holders)] == order
    people = [entry for entry in reading.entries if isinstance(entry, PeopleEntry)][-1]
    assert {"BS. Lý A Sử"} <= {person.name for person in people.people}
    assert {person.endpoint for person in people.people} >= {*order, meeting.id_of(meeting.points[NEVER])}
    assert [entry.text for entry in reading.entries if isinstance(entry, MarkEntry)] == ["Chỉ đạo"]
    crash, pause = gaps(reading, GapKind.CRASH), gaps(reading, GapKind.PAUSE)
    assert len(crash) == len(pause) == 1
    killed_s = (held.killed_ms - begun_ms) / 1000
    assert killed_s - LOST_S <= crash[0][0] <= killed_s + 0.1
    assert crash[0][1] - killed_s < 15
    assert pause[0][1] - pause[0][0] == pytest.approx(PAUSED_S, abs=1.0)


def gaps(reading: Reading, kind: GapKind) -> list[tuple[float, float]]:
    """Each one once: every segment behind it may tell it again."""
    found = {
        (entry.at_ms / 1000, entry.until_ms / 1000)
        for entry in reading.entries
        if isinstance(entry, GapEntry) and entry.kind is kind
    }
    return sorted(found)


def pictures_are_in_order(reading: Reading) -> None:
    """Frames of one point on the stage: the counter goes up by one, never back, and nothing is missing."""
    left_out = [gap for kind in GapKind for gap in gaps(reading, kind)]
    seen = 0
    for _, group in itertools.groupby(reading.pictures, key=lambda picture: picture.endpoint):
        for before, after in itertools.pairwise(group):
            if any(before.at_s - 0.5 <= until and since <= after.at_s for since, until in left_out):
                continue
            assert before.at_s <= after.at_s
            assert after.at_s - before.at_s < 0.5, (before, after)
            if before.counter is not None and after.counter is not None:
                assert (after.counter - before.counter) % 24 in (0, 1, 2), (before, after)
                seen += 1
    assert seen > 3 * TURN_S * 10  # 15 a second, three turns


def sound_goes_with_pictures(meeting: Recorded, reading: Reading) -> None:
    for number in (FIRST, KILLED, MUTED):
        found = offsets(reading.ticks_of(meeting.id_of(meeting.points[number])), reading.beeps_of(number))
        assert len(found) >= 3, number
        assert max(abs(offset) for offset in found) <= SYNC_S, (number, found)


def who_is_muted_is_not_in_it(meeting: Recorded, reading: Reading, held: Held, begun_ms: int) -> None:
    assert reading.beeps_of(NEVER) == []
    muted_s = (held.muted_ms - begun_ms) / 1000
    spoke = reading.beeps_of(MUTED)
    assert len(spoke) >= 3
    assert max(spoke) <= muted_s + 0.2


async def anybody_with_the_key_opens_it(meeting: Recorded, folder: Path, out: Path) -> None:
    """By the terminal's own word, and by Debian's age without anything of ours."""
    code, said = await meeting.at_the_boards("recording", "verify", str(folder), "--key", str(meeting.key))
    assert code == 0, said
    sealed = sealed_in(folder)
    assert len(sealed) >= 2  # before the crash and after it
    plain = out / "last.mkv"
    arguments = ("age", "-d", "-i", str(meeting.key), "-o", str(plain), str(sealed[-1]))
    await asyncio.to_thread(subprocess.run, arguments, check=True)
    with av.open(str(plain)) as container:
        assert len(container.streams.video) == 2
        assert len(container.streams.audio) == 3
        assert sum(1 for _ in container.decode(video=0)) > 10
    assert in_the_clear(meeting.appliance.state) == []


def sealed_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.age"))


def in_the_clear(state: Path) -> list[Path]:
    """Files with the beginning of a recording's plain text."""
    return [file for file in state.rglob("*") if file.is_file() and b"V_VP8" in file.read_bytes()]


def whole_beeps(opened: OpenedRecording, reading: Reading) -> list[float]:
    """Where in the film each beep begins whose first packets were recorded, in seconds. One whose first
    packets got lost on the way to the server begins later, in the recording and in the film."""
    edits = edit_list(read_contents(opened))
    beeps_s = [second for number in range(NEVER) for second in reading.beeps_of(number)]
    return [frame_at(edits, round(second * 1000)) / FPS for second in beeps_s]


async def the_film_shows_it(meeting: Recorded, whole_s: list[float], out: Path) -> None:
    folder, film = meeting.folder, out / "film.mp4"
    key = ("--key", str(meeting.key))
    code, said = await meeting.at_the_boards("recording", "export", str(folder), *key, "--out", str(film))
    assert code == 0, said
    counters: list[tuple[float, int | None]] = []
    sounds: list[Sound] = []
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            image = frame.to_ndarray(format="rgb24").astype(np.uint8)
            counters.append((float(frame.time or 0), read_counter(image)))
    with av.open(str(film)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        for heard in container.decode(audio=0):
            sounds += [p.to_ndarray().reshape(-1).astype(np.float32) for p in resampler.resample(heard)]
    sound = np.concatenate(sounds)
    shown = ticks(counters)
    assert len(shown) > TURN_S
    found = offsets(
        [tick for tick, _ in matched(shown, whole_s)],
        sorted(second for number in range(NEVER) for second in beeps(sound, number)),
    )
    assert len(found) > TURN_S
    assert statistics.median(abs(offset) for offset in found) <= SYNC_S, found
    assert max(abs(offset) for offset in found) <= FILM_SYNC_S, found
    assert beeps(sound, NEVER) == []
