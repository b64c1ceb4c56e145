"""`giaoban recording export` and `play`: a recording made into a film, or watched, where its key is."""

import asyncio
import signal
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.text import Text

from deploy.commands.opening import progress
from deploy.problem import Problem
from recorder.opening.film.captions import BadFont, Language
from recorder.opening.film.composer import Looks
from recorder.opening.film.contents import NothingReadable, Survey, survey
from recorder.opening.film.export import CannotExport, Kind, Wish
from recorder.opening.film.export import export as write_export
from recorder.opening.film.fonts import NoFont, font
from recorder.opening.film.picture import Layout
from recorder.opening.opened import OpenedRecording
from recorder.opening.player.player import Player, serve
from recorder.shelf import is_id

_REMEDY = (
    "Choose another --out, or make space. What was finished is kept: the same command goes on from there."
)
_ENDINGS = {Kind.FILM: ".mp4", Kind.SOUND: ".m4a", Kind.TRACKS: ".mkv"}


@dataclass(frozen=True, slots=True)
class Style:
    """How the film is to look, as it was typed."""

    layout: str = "screen"
    watermark: str = ""
    language: str = "vi"
    font: Path | None = None


def export(
    recording: OpenedRecording,
    kind: str,
    out: Path | None,
    style: Style,
    console: Console,
    *,
    real_time: bool = False,
) -> None:
    """Write a film (or sound, or the tracks) of a recording that was opened. Raises Problem."""
    what = Kind(kind)
    named = recording.summary.recording
    target = out or Path((named if is_id(named) else "recording") + _ENDINGS[what])
    looks = _looks(style, recording) if what is Kind.FILM else None
    with progress(target.name) as tell:
        try:
            made = write_export(recording, Wish(what, target, looks, real_time), tell)
        except CannotExport as error:
            raise Problem(str(error), _REMEDY) from None
        except NothingReadable as error:
            raise _nothing(error) from None
        except BadFont as error:
            raise _no_font(error) from None
    for file in made.files:
        console.print(Text(str(file)), soft_wrap=True)
    _say_faults(made.survey, console)
    if made.broken:
        console.print(f"{made.broken} pictures or sounds could not be decoded and were left out")
    console.print("It is no longer encrypted: whoever has the file can watch it.")


def play(recording: OpenedRecording, style: Style, console: Console) -> None:
    """Serve the recording's page on this machine until Ctrl-C. Raises Problem."""
    looks = _looks(style, recording)
    console.print("reading the timeline")
    try:
        found = survey(recording)
        player = Player(recording, found, looks)
        _say_faults(found, console)
        asyncio.run(_until_interrupted(player, console))
    except NothingReadable as error:
        raise _nothing(error) from None
    except BadFont as error:
        raise _no_font(error) from None
    except OSError as error:
        raise Problem(f"the page cannot be served: {error}", "Is the loopback interface up?") from None


async def _until_interrupted(player: Player, console: Console) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def ready(address: str) -> None:
        console.print(Text(f"open {address} in this machine's browser; Ctrl-C ends it"), soft_wrap=True)

    await serve(player, ready, stop)


def _looks(style: Style, recording: OpenedRecording) -> Looks:
    """With the clock of this machine's time zone on the day of the recording. Raises Problem."""
    try:
        letters = font(style.font)
    except NoFont as error:
        raise _no_font(error) from None
    begun = datetime.fromtimestamp(recording.summary.begun_ms / 1000).astimezone()
    offset = begun.utcoffset() or timedelta()
    return Looks(
        font=letters,
        language=Language(style.language),
        layout=Layout(style.layout),
        watermark=style.watermark,
        offset_ms=round(offset.total_seconds() * 1000),
    )


def _say_faults(found: Survey, console: Console) -> None:
    for fault in found.faults:
        console.print(Text(f"missing or damaged: {fault}"), soft_wrap=True)


def _nothing(error: NothingReadable) -> Problem:
    return Problem(f"nothing of it can be read: {error}", "Is this the right key?")


def _no_font(error: Exception) -> Problem:
    return Problem(str(error), "Install one, or name a TrueType font with --font.")
