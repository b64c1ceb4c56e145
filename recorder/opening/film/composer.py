"""The film of a recording: blocks in, 25 pictures a second and their sound out, in sync. Without I/O.

Export and player use it in the same way: they say which edits they want and get FilmFrames.
"""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recorder.format.blocks import Block, Track
from recorder.format.entries import AnyEntry, SlotsEntry
from recorder.instants import time_of_day
from recorder.opening.film.captions import CaptionWriter, Language, Overlay, Picture, Plane
from recorder.opening.film.contents import MAX_AT_MS, BlockSource, Contents, read_entry
from recorder.opening.film.edit_list import FRAME_MS, SAMPLES, Edit, segment_before
from recorder.opening.film.mix import AHEAD_MS, Mixer, Sound
from recorder.opening.film.picture import (
    HEIGHT,
    SMALL,
    SMALL_SCREEN,
    WIDTH,
    Canvas,
    DecodedPicture,
    Layout,
    Scaler,
    SlotDecoder,
)
from recorder.opening.film.presence import VOICES, Presence
from sfu import EndpointId

SIZE = WIDTH, HEIGHT
FROZEN_MS = 5000
"""A stage picture older than this is shown grey, so that nobody takes it for live."""
HELD_MS = 500
"""How long the previous occupant's picture is shown while the next one has not come."""
_NOTHING = np.empty((0, 0), np.uint8)
_SILENCE = np.zeros(SAMPLES, np.float32)
_EARLY_MS = FRAME_MS // 2
"""A picture goes into the nearest frame of the film, not the next one."""


@dataclass(frozen=True, slots=True)
class FilmStyle:
    """How a film looks."""

    font: bytes
    language: Language = Language.VI
    layout: Layout = Layout.SCREEN
    watermark: str = ""
    offset_ms: int = 0
    """How far the clock in the picture is ahead of UTC."""


@dataclass(frozen=True, slots=True)
class FilmFrame:
    at_ms: int
    picture: Plane
    """yuv420p, WIDTH x HEIGHT, in libav's layout. The next frame overwrites it."""
    changed: bool
    """False: the picture is the same as before."""
    sound: Sound
    """SAMPLES samples."""


class FilmComposer:
    """What a recording shows and plays at an instant. Instants only move forward."""

    def __init__(self, contents: Contents, style: FilmStyle | None) -> None:
        """Without `style` there is only sound. Raises BadFont."""
        self._contents = contents
        self._presence = Presence()
        self._queued: deque[tuple[Block, AnyEntry | None]] = deque()
        self._speakers: dict[Track, EndpointId | None] = {}
        self._mixer = Mixer()
        self._pictures = _PictureComposer(contents, style) if style is not None else None

    def take(self, block: Block) -> None:
        """The next block of the recording."""
        if block.track in VOICES:
            self._mixer.take(block)
            return
        entry = read_entry(block)
        if isinstance(entry, SlotsEntry):
            now = {Track(each.track): each.endpoint for each in entry.slots if each.track in VOICES}
            for track, endpoint in now.items():
                if self._speakers.get(track, endpoint) != endpoint:
                    self._mixer.change_speaker(track)
            self._speakers |= now
        if self._pictures is not None and block.track is not Track.WORDS:
            self._queue(block, entry)

    def _queue(self, block: Block, entry: AnyEntry | None) -> None:
        """Queue it in order: the entry of an instant comes before its pictures."""
        place = len(self._queued)
        while entry is not None and place and self._queued[place - 1][0].at_ms >= block.at_ms:
            if self._queued[place - 1][1] is not None:
                break
            place -= 1
        self._queued.insert(place, (block, entry))

    def skim(self, at_ms: int) -> None:
        """Nothing before this instant will be asked for any more."""
        pictures = self._pictures
        while pictures is not None and self._queued and self._queued[0][0].at_ms <= at_ms + _EARLY_MS:
            block, entry = self._queued.popleft()
            if entry is not None:
                self._presence.take(entry)
                pictures.entered(self._presence, block.at_ms)
            else:
                pictures.take(block, self._presence)

    def frame(self, at_ms: int) -> FilmFrame:
        """The frame at this instant; blocks up to AHEAD_MS after it have been taken."""
        self.skim(at_ms)
        sound = self._mixer.pull(at_ms, SAMPLES)
        if self._pictures is None:
            return FilmFrame(at_ms, _NOTHING, False, sound)
        changed = self._pictures.draw(self._presence, at_ms)
        return FilmFrame(at_ms, self._pictures.canvas.array, changed, sound)

    def slate(self, edit: Edit) -> FilmFrame:
        """The frame that stands for a hole."""
        assert edit.hole is not None
        changed = self._pictures.slate(edit) if self._pictures is not None else False
        picture = self._pictures.canvas.array if self._pictures is not None else _NOTHING
        return FilmFrame(edit.at_ms, picture, changed, _SILENCE)

    @property
    def broken(self) -> int:
        """Pictures and sounds that could not be decoded."""
        return self._mixer.broken + (self._pictures.broken if self._pictures else 0)


class _PictureComposer:
    """The picture of the film, without the sound."""

    def __init__(self, contents: Contents, style: FilmStyle) -> None:
        self._contents = contents
        self._style = style
        self._captions = CaptionWriter(style.font, style.language)
        self._decoders = {Track.STAGE: SlotDecoder(), Track.SCREEN: SlotDecoder()}
        self._since: dict[Track, tuple[EndpointId | None, int]] = {}
        """Who is in a slot and since when."""
        self._scaler = Scaler()
        self.canvas = Canvas()
        self._drawn: tuple[object, ...] = ()
        """What the canvas shows; the same again is not redrawn."""
        self._overlay = self._captions.watermark(style.watermark, SIZE) if style.watermark else None

    @property
    def broken(self) -> int:
        return sum(decoder.broken for decoder in self._decoders.values())

    def entered(self, presence: Presence, at_ms: int) -> None:
        for track in self._decoders:
            endpoint = presence.at(track)
            if track not in self._since or self._since[track][0] != endpoint:
                self._since[track] = endpoint, at_ms

    def take(self, block: Block, presence: Presence) -> None:
        self._decoders[block.track].take(block, presence.at(block.track))

    def draw(self, presence: Presence, at_ms: int) -> bool:
        """Draw the picture. Returns whether it differs from the last one."""
        shown = at_ms + _EARLY_MS
        stage = self._visible(Track.STAGE, presence, shown)
        screen = self._visible(Track.SCREEN, presence, shown)
        frozen = stage is not None and shown - stage.at_ms > FROZEN_MS
        clock = time_of_day(self._contents.begun_ms + at_ms, self._style.offset_ms)
        name = self._name_of(presence, stage)
        caption = self._screen_caption(presence, screen)
        wanted = (stage, screen, frozen, clock, name, caption)
        if wanted == self._drawn:
            return False
        self._drawn = wanted
        large, small = (screen, stage) if self._style.layout is Layout.SCREEN else (stage, screen)
        if large is None:
            large, small = small, None
        if large is None:
            self.canvas.fill(self._captions.slate(SIZE, (self._contents.title, *filter(None, name))))
        else:
            self.canvas.fill(self._scaled(large, stage, SIZE, frozen))
        if small is not None:
            box = SMALL if small is stage else SMALL_SCREEN
            self.canvas.corner(self._scaled(small, stage, box, frozen))
        self._write(name if large is not None else ("", ""), caption, clock)
        return True

    def slate(self, edit: Edit) -> bool:
        assert edit.hole is not None
        if self._drawn == (edit.hole,):
            return False
        self._drawn = (edit.hole,)
        lines = self._captions.hole(edit.hole, self._contents.begun_ms, self._style.offset_ms)
        self.canvas.fill(self._captions.slate(SIZE, lines))
        self._watermark()
        return True

    def _visible(self, track: Track, presence: Presence, at_ms: int) -> DecodedPicture | None:
        """The picture of the slot's occupant or, for a moment, of the previous one."""
        picture = self._decoders[track].picture_at(at_ms)
        endpoint, since = self._since.get(track, (presence.at(track), at_ms))
        its_own = (
            picture is not None
            and picture.endpoint == endpoint
            and (endpoint is not None or not presence.known)
        )
        return picture if its_own or at_ms - since <= HELD_MS else None

    def _name_of(self, presence: Presence, stage: DecodedPicture | None) -> tuple[str, str]:
        person = presence.person(stage.endpoint if stage is not None else presence.speaker)
        return (person.name, person.unit) if person is not None else ("", "")

    def _screen_caption(self, presence: Presence, screen: DecodedPicture | None) -> str:
        person = presence.person(screen.endpoint) if screen is not None else None
        return self._captions.screen_of(person.name) if person is not None else ""

    def _scaled(
        self, picture: DecodedPicture, stage: DecodedPicture | None, box: tuple[int, int], frozen: bool
    ) -> Picture:
        use = f"{box[0]}-{'stage' if picture is stage else 'screen'}"
        return self._scaler.scaled(use, picture, box, grey=frozen and picture is stage)

    def _write(self, name: tuple[str, str], caption: str, clock: str) -> None:
        words = name if name[0] else (caption, "")
        if words[0]:
            unit = (
                f"{words[1]} · {caption}"
                if caption and words[1]
                else words[1] or (caption if name[0] else "")
            )
            self.canvas.lower_left(self._captions.name(words[0], unit, WIDTH // 2))
        self.canvas.upper_right(self._captions.clock(clock))
        self._watermark()

    def _watermark(self) -> None:
        overlay: Overlay | None = self._overlay
        if overlay is not None:
            self.canvas.cover(overlay)


class FilmSource:
    """A recording's film from an instant on."""

    def __init__(
        self, recording: BlockSource, contents: Contents, style: FilmStyle | None, from_ms: int
    ) -> None:
        """Raises BadFont."""
        self.film = FilmComposer(contents, style)
        self._blocks = recording.blocks(segment_before(contents, from_ms))
        self._ended = False
        self._held: Block | None = None

    def frames(self, edits: Sequence[Edit]) -> Iterator[FilmFrame]:
        """The frames of these edits; each call continues after the one before."""
        for edit in edits:
            for number in range(edit.frames):
                if edit.hole is not None:
                    yield self.film.slate(edit)
                    continue
                at_ms = edit.at_ms + number * FRAME_MS
                self._advance(at_ms + AHEAD_MS)
                yield self.film.frame(at_ms)

    def _advance(self, until_ms: int) -> None:
        while not self._ended and (self._held is None or self._held.at_ms <= until_ms):
            if self._held is not None:
                self.film.take(self._held)
                self._held = None
            item = next(self._blocks, None)
            if item is None:
                self._ended = True
            elif isinstance(item, Block) and 0 <= item.at_ms <= MAX_AT_MS:
                self._held = item

    def close(self) -> None:
        """Stop reading the recording, wherever it is."""
        if isinstance(self._blocks, Generator):
            self._blocks.close()
