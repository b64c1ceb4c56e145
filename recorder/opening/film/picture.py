"""The film's picture: what the stage and the screen show at an instant, put together with names and clock.

Pictures are decoded only when they are needed: what a keyframe makes superfluous never is.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import av
import av.error
import numpy as np
from av.video.reformatter import VideoReformatter

from recorder.format.blocks import Block
from recorder.opening.film.captions import Overlay, Picture, Plane
from sfu import EndpointId
from sfu.rtp import vp8

WIDTH, HEIGHT = 1280, 720
SMALL = 352, 198
"""At most so large is the picture in the picture; a screen beside a large stage is larger, to be readable."""
SMALL_SCREEN = 560, 316
MARGIN = 16
MAX_PIXELS = 4096 * 2304
MAX_WAITING = 4000
"""Pictures of a segment and more; beyond, they are decoded although nobody asked."""
STALE_MS = 1000
"""A keyframe so much newer than what waits makes it superfluous."""
_BLACK = 16
_FRAME = 90
"""Grey of the line around the small picture."""


class Layout(StrEnum):
    SCREEN = "screen"
    """A shared screen fills the film, the stage is small beside it."""
    STAGE = "stage"
    """The stage fills the film, a shared screen is small beside it."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPicture:
    """A decoded picture."""

    frame: av.VideoFrame
    at_ms: int
    endpoint: EndpointId | None


class SlotDecoder:
    """Decodes the pictures of one slot, whatever their sizes; what cannot be decoded is left out."""

    def __init__(self) -> None:
        self._decoder = _decoder()
        self._waiting: list[tuple[Block, EndpointId | None]] = []
        self._lost = True
        """Nothing can be decoded before a keyframe comes."""
        self.picture: DecodedPicture | None = None
        self.broken = 0
        """Pictures that could not be decoded."""

    def take(self, block: Block, endpoint: EndpointId | None) -> None:
        if block.key and self._waiting and block.at_ms - self._waiting[0][0].at_ms > STALE_MS:
            self._waiting.clear()
        if len(self._waiting) >= MAX_WAITING:
            self.look(self._waiting[MAX_WAITING // 2][0].at_ms)
        self._waiting.append((block, endpoint))

    def look(self, at_ms: int) -> DecodedPicture | None:
        """The newest picture of this instant; None: there was none yet."""
        count = sum(1 for block, _ in self._waiting if block.at_ms <= at_ms)
        due = self._waiting[:count]
        del self._waiting[:count]
        first = max((at for at, (block, _) in enumerate(due) if block.key), default=0)
        for block, endpoint in due[first:]:
            self._decode(block, endpoint)
        return self.picture

    def _decode(self, block: Block, endpoint: EndpointId | None) -> None:
        if self._lost and not block.key:
            return
        if block.key and not fits(block.data):
            self.broken += 1
            self._lost = True
            return
        try:
            frames = self._decoder.decode(av.Packet(block.data))
        except av.error.FFmpegError:
            self.broken += 1
            self._lost = True
            self._decoder = _decoder()
            return
        self._lost = False
        if frames:
            self.picture = DecodedPicture(frames[-1], block.at_ms, endpoint)


def fits(data: bytes) -> bool:
    """Whether a VP8 keyframe is one, of a size that a camera or a screen has."""
    size = vp8.frame_size(data)
    return size is not None and 0 < size.width * size.height <= MAX_PIXELS


class Scaler:
    """Puts pictures into boxes, scaled once as long as they stay the same."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._scaled: dict[str, tuple[DecodedPicture, tuple[int, int], bool, Picture]] = {}

    def scaled(
        self, use: str, source: DecodedPicture, box: tuple[int, int], *, grey: bool = False
    ) -> Picture:
        """As large as fits into the box, with even sides. `use` is the name the result is cached under."""
        known = self._scaled.get(use)
        if known is not None and known[0] is source and known[1:3] == (box, grey):
            return known[3]
        width, height = fitted(source.frame.width, source.frame.height, box)
        frame = self._reformatter.reformat(source.frame, width, height, "yuv420p")
        picture = planes(cast("Plane", frame.to_ndarray()))
        if grey:
            dim = ((picture.y >> 1) + np.uint8(32)).astype(np.uint8)
            picture = Picture(dim, np.full_like(picture.u, 128), np.full_like(picture.v, 128))
        self._scaled[use] = source, box, grey, picture
        return picture


class Canvas:
    """One picture of the film, drawn from back to front."""

    def __init__(self) -> None:
        self.array: Plane = np.empty((HEIGHT * 3 // 2, WIDTH), np.uint8)
        self._picture = planes(self.array)

    def clear(self) -> None:
        self._picture.y[:] = _BLACK
        self.array[HEIGHT:] = 128

    def fill(self, picture: Picture) -> None:
        """In the middle, over all."""
        width, height = picture.size
        if (width, height) != (WIDTH, HEIGHT):
            self.clear()
        self._put(picture, _even((WIDTH - width) // 2), _even((HEIGHT - height) // 2))

    def corner(self, picture: Picture) -> None:
        """Lower right, with a line around."""
        width, height = picture.size
        left, top = _even(WIDTH - MARGIN - width), _even(HEIGHT - MARGIN - height)
        self._picture.y[top - 2 : top + height + 2, left - 2 : left + width + 2] = _FRAME
        around = slice(top // 2 - 1, (top + height) // 2 + 1), slice(left // 2 - 1, (left + width) // 2 + 1)
        self._picture.u[around] = 128
        self._picture.v[around] = 128
        self._put(picture, left, top)

    def lower_left(self, overlay: Overlay) -> None:
        self._over(overlay, MARGIN, HEIGHT - MARGIN - overlay.picture.size[1])

    def upper_right(self, overlay: Overlay) -> None:
        self._over(overlay, WIDTH - MARGIN - overlay.picture.size[0], MARGIN)

    def cover(self, overlay: Overlay) -> None:
        """Over all: of the film's own size."""
        self._over(overlay, 0, 0)

    def _over(self, overlay: Overlay, left: int, top: int) -> None:
        overlay.onto(self._picture.y, self._picture.u, self._picture.v, _even(left), _even(top))

    def _put(self, picture: Picture, left: int, top: int) -> None:
        width, height = picture.size
        self._picture.y[top : top + height, left : left + width] = picture.y
        half = slice(top // 2, (top + height) // 2), slice(left // 2, (left + width) // 2)
        self._picture.u[half] = picture.u
        self._picture.v[half] = picture.v


def fitted(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """
    >>> fitted(640, 480, (1280, 720))
    (960, 720)
    """
    scale = min(box[0] / width, box[1] / height)
    return max(2, _even(round(width * scale))), max(2, _even(round(height * scale)))


def planes(array: Plane) -> Picture:
    """The three planes of a yuv420p array of libav's shape, (height * 3 / 2, width), not copied."""
    height, width = array.shape[0] * 2 // 3, array.shape[1]
    flat = array.reshape(-1)
    whole, quarter = height * width, height * width // 4
    return Picture(
        flat[:whole].reshape(height, width),
        flat[whole : whole + quarter].reshape(height // 2, width // 2),
        flat[whole + quarter : whole + 2 * quarter].reshape(height // 2, width // 2),
    )


def _decoder() -> "av.VideoCodecContext":
    decoder = av.CodecContext.create("vp8", "r")
    decoder.thread_count = 1
    return decoder


def _even(number: int) -> int:
    return number - number % 2
