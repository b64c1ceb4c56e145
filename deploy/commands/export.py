"""`giaoban recording export` and `play`: make a film of a recording, or watch it, where its key is."""

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
from recorder.opening.film.composer import FilmStyle
from recorder.opening.film.contents import Contents, NothingReadable, read_contents
from recorder.opening.film.export import CannotExport, ExportKind, ExportRequest
from recorder.opening.film.export import export as write_export
from recorder.opening.film.fonts import NoFont, font
from recorder.opening.film.picture import Layout
from recorder.opening.opened import OpenedRecording
from recorder.opening.player.player import Player, serve
from recorder.shelf import is_id

_REMEDY = (
    "Choose another --out, or make space. What was finished is kept: the same command goes on from there."
)
_ENDINGS = {ExportKind.FILM: ".mp4", ExportKind.SOUND: ".m4a", ExportKind.TRACKS: ".mkv"}


@dataclass(frozen=True, slots=True)
class StyleFlags:
    """The style of the film, as given on the command line."""

    layout: str = "screen"
    watermark: str = ""
    language: str = "vi"
    font: Path | None = None


def export(
    recording: OpenedRecording,
    kind: str,
    out: Path | None,
    flags: StyleFlags,
    console: Console,
    *,
    real_time: bool = False,
) -> None:
    """Write a film of a recording, or its sound or tracks. Raises Problem."""
    what = ExportKind(kind)
    named = recording.summary.recording
    target = out or Path((named if is_id(named) else "recording") + _ENDINGS[what])
    style = _style(flags, recording) if what is ExportKind.FILM else None
    with progress(target.name) as tell:
        try:
            made = write_export(recording, ExportRequest(what, target, style, real_time), tell)
        except CannotExport as error:
            raise Problem(str(error), _REMEDY) from None
        except NothingReadable as error:
            raise _nothing(error) from None
        except BadFont as error:
            raise _no_font(error) from None
    for file in made.files:
        console.print(Text(str(file)), soft_wrap=True)
    _say_faults(made.contents, console)
    if made.broken:
        console.print(f"{made.broken} pictures or sounds could not be decoded and were left out")
    console.print("It is no longer encrypted: whoever has the file can watch it.")


def play(recording: OpenedRecording, flags: StyleFlags, console: Console) -> None:
    """Serve the player's page on this machine until Ctrl-C. Raises Problem."""
    style = _style(flags, recording)
    console.print("reading the timeline")
    try:
        found = read_contents(recording)
        player = Player(recording, found, style)
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


def _style(flags: StyleFlags, recording: OpenedRecording) -> FilmStyle:
    """With the clock in this machine's time zone on the day of the recording. Raises Problem."""
    try:
        letters = font(flags.font)
    except NoFont as error:
        raise _no_font(error) from None
    begun = datetime.fromtimestamp(recording.summary.begun_ms / 1000).astimezone()
    offset = begun.utcoffset() or timedelta()
    return FilmStyle(
        font=letters,
        language=Language(flags.language),
        layout=Layout(flags.layout),
        watermark=flags.watermark,
        offset_ms=round(offset.total_seconds() * 1000),
    )


def _say_faults(found: Contents, console: Console) -> None:
    for fault in found.faults:
        console.print(Text(f"missing or damaged: {fault}"), soft_wrap=True)


def _nothing(error: NothingReadable) -> Problem:
    return Problem(f"nothing of it can be read: {error}", "Is this the right key?")


def _no_font(error: Exception) -> Problem:
    return Problem(str(error), "Install one, or name a TrueType font with --font.")
