"""The film's picture: the stage and the screen at an instant, put together with names and a clock.
Without I/O.

Pictures are decoded only when needed; those that a later keyframe makes superfluous never are.
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
"""Largest picture in the picture. A screen beside a large stage may be larger, to stay readable."""
SMALL_SCREEN = 560, 316
MARGIN = 16
MAX_PIXELS = 4096 * 2304
MAX_WAITING = 4000
"""More than a segment's pictures; beyond this they are decoded even if nobody asked."""
STALE_MS = 1000
"""A keyframe this much newer than the waiting pictures makes them superfluous."""
_BLACK = 16
_FRAME = 90
"""Grey of the frame around the small picture."""


class Layout(StrEnum):
    SCREEN = "screen"
    """A shared screen fills the film, with the stage small in a corner."""
    STAGE = "stage"
    """The stage fills the film, with a shared screen small in a corner."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPicture:
    """A decoded picture."""

    frame: av.VideoFrame
    at_ms: int
    endpoint: EndpointId | None


class SlotDecoder:
    """Decodes the pictures of one slot, of any size; those that cannot be decoded are skipped."""

    def __init__(self) -> None:
        self._decoder = _decoder()
        self._waiting: list[tuple[Block, EndpointId | None]] = []
        self._lost = True
        """Nothing can be decoded until a keyframe comes."""
        self.picture: DecodedPicture | None = None
        self.broken = 0
        """Pictures that could not be decoded."""

    def take(self, block: Block, endpoint: EndpointId | None) -> None:
        if block.key and self._waiting and block.at_ms - self._waiting[0][0].at_ms > STALE_MS:
            self._waiting.clear()
        if len(self._waiting) >= MAX_WAITING:
            self.picture_at(self._waiting[MAX_WAITING // 2][0].at_ms)
        self._waiting.append((block, endpoint))

    def picture_at(self, at_ms: int) -> DecodedPicture | None:
        """The newest picture at this instant; None if there was none yet."""
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
    """Whether this is a VP8 keyframe of a plausible size."""
    size = vp8.frame_size(data)
    return size is not None and 0 < size.width * size.height <= MAX_PIXELS


class Scaler:
    """Scales pictures to fit into boxes; an unchanged picture is scaled only once."""

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
        """Draw it in the middle, over everything."""
        width, height = picture.size
        if (width, height) != (WIDTH, HEIGHT):
            self.clear()
        self._put(picture, _even((WIDTH - width) // 2), _even((HEIGHT - height) // 2))

    def corner(self, picture: Picture) -> None:
        """Draw it in the lower right, with a frame around it."""
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
        """Draw over everything; the overlay has the size of the film."""
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
    """The three planes of a yuv420p array in libav's shape, (height * 3 / 2, width); not copied."""
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
