"""What an export shows and plays, how an interrupted one continues, and what it refuses."""

import json
import stat
from collections.abc import Callable
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from recorder.format.entries import MarkEntry
from recorder.opening.film.composer import FilmStyle
from recorder.opening.film.contents import NothingReadable
from recorder.opening.film.export import CannotExport, Exported, ExportKind, ExportRequest, export
from recorder.opening.film.fonts import font
from tests.support.recorded import RATE, Sound, beeps_in, counter_of
from tests.support.rolls import FPS, STATION, WARD, Roll, briefing, segment

pytestmark = [pytest.mark.record, pytest.mark.timeout(120)]

BEEPS = [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12]
"""The seconds of the film at which a beep is expected: from the eighth to the tenth there is a slate."""
SYNC_MS = 40
STYLE = FilmStyle(font())

Told = Callable[[int, int], None]


def unheard(done: int, total: int) -> None:
    assert 0 <= done <= total


def film(roll: Roll, out: Path, looks: FilmStyle = STYLE, tell: Told = unheard) -> Exported:
    return export(roll, ExportRequest(ExportKind.FILM, out, looks), tell)


def counters_of(path: Path) -> list[int | None]:
    with av.open(str(path)) as container:
        return [counter_of(frame.reformat(320, 180)) for frame in container.decode(video=0)]


def sound_of(path: Path) -> Sound:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        found = [p.to_ndarray().reshape(-1) for f in container.decode(audio=0) for p in resampler.resample(f)]
    return np.concatenate(found).astype(np.float32)


@pytest.mark.parametrize("name", ["film.mp4", "film.webm"])
def test_a_film_shows_the_speaker_in_sync_and_a_slate_for_the_pause(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    made = film(briefing(), out)
    assert made.files == (out,)
    assert made.broken == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [name]
    counters = counters_of(out)
    assert len(counters) == pytest.approx(13 * 25, abs=2)
    for begins_s, seconds in ((0, 4), (4, 4), (10, 3)):
        for number in range(2, seconds * 25 - 2):
            counter, wanted = counters[begins_s * 25 + number], number / 25 * FPS
            assert counter is not None
            assert abs(counter - wanted) * 1000 / FPS <= 1000 / FPS + SYNC_MS / 2
    assert counters[9 * 25] is None  # a slate
    assert beeps_in(sound_of(out)) == pytest.approx([second * 1000 for second in BEEPS], abs=SYNC_MS / 2)


def test_turns_and_marks_are_chapters(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    mark = MarkEntry(at_ms=1600, by="BS. Lý A Sử", text="Chỉ đạo")
    film(Roll(segment(1, 0, 1), segment(2, 1000, 1, WARD, mark)), out)
    with av.open(str(out)) as container:
        chapters = [
            (round(chapter["start"] * float(chapter["time_base"] or 1), 2), chapter["metadata"]["title"])
            for chapter in container.chapters()
        ]
        title = container.metadata["title"]
    station, ward = (f"{who.unit} · {who.name}" for who in (STATION, WARD))
    assert chapters == [(0, station), (1, ward), (1.6, "Chỉ đạo")]
    assert title == "Giao ban hằng ngày"


def test_an_interrupted_export_continues_where_it_stopped(tmp_path: Path) -> None:
    out, parts = tmp_path / "film.mkv", tmp_path / "film.mkv.parts"
    with pytest.raises(KeyboardInterrupt):
        film(two_turns(), out, tell=Interrupted(1500))
    assert not out.exists()
    assert stat.S_IMODE(parts.stat().st_mode) == 0o700
    (first,) = parts.glob("*.nut")
    written = first.stat().st_mtime_ns
    told: list[int] = []

    def tell(done: int, total: int) -> None:
        told.append(done)
        if first.exists():
            assert first.stat().st_mtime_ns == written  # made only once

    film(two_turns(), out, tell=tell)
    assert told[0] == 1040
    assert not parts.exists()
    whole = tmp_path / "whole.mkv"
    film(two_turns(), whole)
    assert counters_of(out) == counters_of(whole)
    assert beeps_in(sound_of(out)) == pytest.approx(beeps_in(sound_of(whole)), abs=1)


@cache
def two_turns() -> Roll:
    return Roll(segment(1, 0, 1), segment(2, 1000, 1, WARD))


class Interrupted:
    """Ctrl-C after this many milliseconds of the film."""

    def __init__(self, at_ms: int) -> None:
        self._at_ms = at_ms

    def __call__(self, done: int, total: int) -> None:
        if done >= self._at_ms:
            raise KeyboardInterrupt


def test_parts_of_another_export_are_not_continued(tmp_path: Path) -> None:
    out = tmp_path / "film.mkv"
    with pytest.raises(KeyboardInterrupt):
        film(briefing(), out, tell=Interrupted(400))
    with pytest.raises(CannotExport, match="another export"):
        film(briefing(), out, FilmStyle(STYLE.font, watermark="khác"))
    assert not out.exists()


def test_the_watermark_is_all_over_the_film(tmp_path: Path) -> None:
    plain, marked = tmp_path / "plain.mkv", tmp_path / "marked.mkv"
    film(two_turns(), plain)
    film(two_turns(), marked, FilmStyle(STYLE.font, watermark="BS. Lý A Sử 23/11/2026"))
    one, other = (frame_of(path, 30) for path in (plain, marked))
    differing = np.abs(one - other).max(axis=2) > 12
    quarters = [differing[y : y + 360, x : x + 640].mean() for y in (0, 360) for x in (0, 640)]
    assert all(0.005 < share < 0.3 for share in quarters)


def frame_of(path: Path, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return frames[number].to_ndarray(format="rgb24").astype(np.int16)


@pytest.mark.parametrize("name", ["sound.m4a", "sound.ogg"])
def test_only_the_sound(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    export(briefing(), ExportRequest(ExportKind.SOUND, out), unheard)
    with av.open(str(out)) as container:
        assert not container.streams.video
    assert beeps_in(sound_of(out)) == pytest.approx([second * 1000 for second in BEEPS], abs=SYNC_MS / 2)


def test_the_tracks_as_they_are(tmp_path: Path) -> None:
    out = tmp_path / "tracks.mkv"
    roll = briefing()
    made = export(roll, ExportRequest(ExportKind.TRACKS, out), unheard)
    assert [path.name for path in made.files] == ["tracks.mkv", "tracks.timeline.json", "tracks.srt"]
    assert sorted(made.files) == sorted(tmp_path.iterdir())
    with av.open(str(out)) as container:
        copied = [
            (round(float((packet.pts or 0) * packet.time_base) * 1000), bytes(packet))
            for packet in container.demux(video=0)
            if packet.size
        ]
    wanted = [block for block in roll.blocks() if block.track == 1]  # type: ignore[union-attr]
    assert copied == [(block.at_ms, block.data) for block in wanted]  # type: ignore[union-attr]
    told = json.loads(made.files[1].read_text())
    assert [turn["name"] for turn in told["survey"]["turns"]] == [STATION.name, WARD.name, STATION.name]
    assert told["film"][0]["at_ms"] == 0
    assert "00:00:04,000 --> 00:00:09,000\n" + WARD.name in made.files[2].read_text()


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (ExportKind.FILM, "film.avi", "ends in .mkv, .mp4, .webm"),
        (ExportKind.FILM, "film.m4a", "ends in"),
        (ExportKind.SOUND, "sound.mp4", "ends in .m4a, .ogg, .opus"),
        (ExportKind.TRACKS, "tracks.mp4", r"an \.mkv file"),
    ],
)
def test_a_name_that_does_not_fit_is_refused_in_words(
    tmp_path: Path, kind: ExportKind, name: str, words: str
) -> None:
    with pytest.raises(CannotExport, match=words):
        export(briefing(), ExportRequest(kind, tmp_path / name, STYLE), unheard)


def test_nothing_is_overwritten_and_an_unreadable_recording_is_reported(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    out.write_bytes(b"mine")
    with pytest.raises(CannotExport, match="there already"):
        film(briefing(), out)
    assert out.read_bytes() == b"mine"
    with pytest.raises(NothingReadable):
        film(Roll(), tmp_path / "none.mp4")
    with pytest.raises(CannotExport, match="No such file"):
        film(briefing(), tmp_path / "no-such-folder" / "film.mp4")
