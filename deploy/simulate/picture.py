"""The moving picture of a simulated bridge point: its colour, its number, a counter and a moving bar.
Without I/O.

Digits are drawn with seven segments, so no font is needed and read_counter can read them back, even from a
picture that was scaled or compressed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""Shapes: (height, width, 3), RGB."""

WIDTH, HEIGHT = 320, 180
COUNTER_DIGITS = 2
COUNTER_TOP, COUNTER_LEFT, COUNTER_SIZE = 40, 98, 44
"""The counter's digits are COUNTER_SIZE wide and twice as high, with a gap of half a width between them."""
_NUMBER_TOP, _NUMBER_LEFT, _NUMBER_SIZE = 10, 10, 10
_BAR_TOP, _BAR_HEIGHT, _BAR_WIDTH = 150, 14, 48
_INK = (245, 245, 245)

#   0
# 5   1
#   6
# 4   2
#   3
_SEGMENTS = (
    0b0111111,
    0b0000110,
    0b1011011,
    0b1001111,
    0b1100110,
    0b1101101,
    0b1111101,
    0b0000111,
    0b1111111,
    0b1101111,
)
_DIGIT_OF = {segments: digit for digit, segments in enumerate(_SEGMENTS)}

COLOURS = (
    (150, 40, 48),
    (32, 92, 160),
    (38, 120, 60),
    (140, 96, 20),
    (110, 50, 140),
    (20, 120, 120),
    (150, 60, 110),
    (80, 100, 40),
    (70, 70, 150),
    (130, 70, 40),
    (40, 100, 140),
    (100, 100, 100),
)


@dataclass(frozen=True, slots=True)
class _Box:
    top: float
    left: float
    height: float
    width: float


def draw(index: int, counter: int, progress: float) -> Image:
    """One picture of point `index`; `progress` in [0, 1] places the bar. Cannot fail."""
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    image[:] = colour_of(index)
    _write(image, (index + 1) % 100, _NUMBER_TOP, _NUMBER_LEFT, _NUMBER_SIZE)
    _write(image, counter, COUNTER_TOP, COUNTER_LEFT, COUNTER_SIZE)
    left = round(progress * (WIDTH - _BAR_WIDTH))
    image[_BAR_TOP : _BAR_TOP + _BAR_HEIGHT, left : left + _BAR_WIDTH] = _INK
    return image


def colour_of(index: int) -> tuple[int, int, int]:
    """Background colour of point `index`, RGB."""
    return COLOURS[index % len(COLOURS)]


def read_counter(image: Image) -> int | None:
    """The counter in a picture of any size with the same aspect ratio; None when it is not legible."""
    scale = image.shape[0] / HEIGHT
    grey = image.astype(np.float32).mean(axis=2)
    dark, light = float(np.median(grey)), float(grey.max())
    if light - dark < 40:
        return None
    threshold = (dark + light) / 2
    value = 0
    for place in range(COUNTER_DIGITS):
        lit = 0
        left = COUNTER_LEFT + place * COUNTER_SIZE * 1.5
        for number, box in enumerate(_segment_boxes(COUNTER_TOP, left, COUNTER_SIZE)):
            # Only the middle of a segment: its ends touch its neighbours.
            rows = slice(
                round((box.top + box.height * 0.3) * scale), round((box.top + box.height * 0.7) * scale)
            )
            columns = slice(
                round((box.left + box.width * 0.3) * scale), round((box.left + box.width * 0.7) * scale)
            )
            lit |= (float(grey[rows, columns].mean()) > threshold) << number
        if lit not in _DIGIT_OF:
            return None
        value = value * 10 + _DIGIT_OF[lit]
    return value


def _write(image: Image, value: int, top: float, left: float, size: float) -> None:
    for place, digit in enumerate(f"{value:02}"):
        for number, box in enumerate(_segment_boxes(top, left + place * size * 1.5, size)):
            if _SEGMENTS[int(digit)] >> number & 1:
                rows = slice(round(box.top), round(box.top + box.height))
                image[rows, round(box.left) : round(box.left + box.width)] = _INK


def _segment_boxes(top: float, left: float, size: float) -> tuple[_Box, ...]:
    """The seven segments of a digit that is `size` wide and twice as high."""
    thick = size / 4
    half = size - thick / 2
    right, middle, bottom = left + size - thick, top + half, top + 2 * size - thick
    return (
        _Box(top, left, thick, size),
        _Box(top, right, half + thick, thick),
        _Box(middle, right, half + thick, thick),
        _Box(bottom, left, thick, size),
        _Box(middle, left, half + thick, thick),
        _Box(top, left, half + thick, thick),
        _Box(middle, left, thick, size),
    )
