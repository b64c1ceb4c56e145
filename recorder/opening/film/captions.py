"""Text in a film: names, the time of day, slates, a watermark. Drawn once, then blended. Without I/O.

Everything is planar YUV 4:2:0, BT.601, limited range, as the pictures are; sizes and positions are even.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from io import BytesIO
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from recorder.format.entries import GapKind
from recorder.instants import time_of_day
from recorder.opening.film.contents import Hole

Plane = NDArray[np.uint8]
"""Shapes: (height, width)."""
_Alpha = NDArray[np.int16]
"""0 (transparent) to 256 (opaque)."""

INK, PAPER = (245, 245, 245), (18, 24, 32)
_PALE = (160, 172, 184)
_WATERMARK_OPACITY = 0.16
_VIETNAMESE = "Đặng Thị Nguyễn Ở Ữ"
_MAX_LETTERS = 200
"""A name is shorter; a longer text is cut before it is measured."""


class BadFont(Exception):
    """This is no font, or it has no Vietnamese letters."""


class Language(StrEnum):
    """Language of the text in the picture."""

    VI = "vi"
    EN = "en"


_WORDS: dict[Language, dict[GapKind | str | None, str]] = {
    Language.VI: {
        GapKind.PAUSE: "Tạm dừng ghi",
        GapKind.CRASH: "Ghi hình bị gián đoạn",
        GapKind.NO_MEDIA: "Không nhận được hình và tiếng",
        GapKind.SLOW: "Không ghi kịp",
        None: "Đoạn ghi này bị mất hoặc hỏng",
        "screen": "màn hình của",
    },
    Language.EN: {
        GapKind.PAUSE: "Recording paused",
        GapKind.CRASH: "Recording interrupted",
        GapKind.NO_MEDIA: "No picture and sound arrived",
        GapKind.SLOW: "The disk did not keep up",
        None: "This part is missing or damaged",
        "screen": "screen of",
    },
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A still picture, as planes."""

    y: Plane
    u: Plane
    v: Plane

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)"""
        return self.y.shape[1], self.y.shape[0]


@dataclass(frozen=True, slots=True)
class Overlay:
    """A partly transparent picture."""

    picture: Picture
    alpha: _Alpha
    alpha_uv: _Alpha

    def onto(self, y: Plane, u: Plane, v: Plane, left: int, top: int) -> None:
        """Blend it in, in place. It must fit; `left` and `top` are even."""
        width, height = self.picture.size
        rows, columns = slice(top, top + height), slice(left, left + width)
        half_rows, half_columns = slice(top // 2, (top + height) // 2), slice(left // 2, (left + width) // 2)
        _blend(y[rows, columns], self.picture.y, self.alpha)
        _blend(u[half_rows, half_columns], self.picture.u, self.alpha_uv)
        _blend(v[half_rows, half_columns], self.picture.v, self.alpha_uv)


class CaptionWriter:
    """Draws text with one font; recent texts are cached."""

    def __init__(self, font: bytes, language: Language = Language.VI) -> None:
        """Raises BadFont."""
        self._font = font
        self._language = language
        self._sized = lru_cache(8)(self._load)
        self.name = lru_cache(64)(self._name)
        self.clock = lru_cache(8)(self._clock)
        self.slate = lru_cache(16)(self._slate)
        self._check()

    def hole(self, hole: Hole, begun_ms: int, offset_ms: int) -> tuple[str, str]:
        """The two lines of the slate that stands for a hole."""
        words = _WORDS[self._language][hole.kind]
        since = time_of_day(begun_ms + hole.from_ms, offset_ms)
        return words, f"{since} – {time_of_day(begun_ms + hole.until_ms, offset_ms)}"

    def screen_of(self, name: str) -> str:
        return f"{_WORDS[self._language]['screen']} {name}"

    def watermark(self, text: str, size: tuple[int, int]) -> Overlay:
        """Slanted text all over a picture of this size."""
        letters = self._sized(26)
        words = _plain(text)
        length = max(40.0, letters.getlength(words))
        side = size[0] + size[1]
        sheet = Image.new("L", (side, side), 0)
        draw = ImageDraw.Draw(sheet)
        for row, top in enumerate(range(0, side, 150)):
            left = -(row % 2) * (length / 2 + 60)
            while left < side:
                draw.text((left, top), words, fill=255, font=letters)
                left += length + 120
        turned = sheet.rotate(24, Image.Resampling.BILINEAR)
        corner = ((side - size[0]) // 2, (side - size[1]) // 2)
        mask = turned.crop((*corner, corner[0] + size[0], corner[1] + size[1]))
        image = Image.new("RGBA", size, (*INK, 255))
        image.putalpha(mask.point([round(level * _WATERMARK_OPACITY) for level in range(256)]))
        return _overlay(image)

    def _name(self, name: str, unit: str, widest: int) -> Overlay:
        """A name with the unit below it on a dark background, at most `widest` wide."""
        lines = [(_plain(name) or "?", self._sized(28), INK), (_plain(unit), self._sized(19), _PALE)]
        shown = [
            (_shortened(text, letters, widest - 32), letters, ink) for text, letters, ink in lines if text
        ]
        width = round(max(letters.getlength(text) for text, letters, _ in shown)) + 32
        return _overlay(_written(shown, width, 10, left=16, background=(*PAPER, 184)))

    def _clock(self, text: str) -> Overlay:
        letters = self._sized(20)
        width = round(letters.getlength("00:00:00")) + 20
        return _overlay(_written([(text, letters, INK)], width, 5, left=10, background=(*PAPER, 150)))

    def _slate(self, size: tuple[int, int], lines: tuple[str, ...]) -> Picture:
        """A plain background with these lines in the middle, the first one large."""
        image = Image.new("RGB", size, PAPER)
        draw = ImageDraw.Draw(image)
        scale = size[1] / 720
        letters = [self._sized(max(10, round((44 if not at else 28) * scale))) for at in range(len(lines))]
        heights = [round(sum(each.getmetrics()) * 1.3) for each in letters]
        top = (size[1] - sum(heights)) / 2
        for line, font, height in zip(lines, letters, heights, strict=True):
            text = _shortened(_plain(line), font, size[0] - round(80 * scale))
            draw.text(((size[0] - font.getlength(text)) / 2, top), text, fill=INK, font=font)
            top += height
        return picture_of(image)

    def _load(self, size: int) -> ImageFont.FreeTypeFont:
        try:
            return ImageFont.truetype(BytesIO(self._font), size, layout_engine=ImageFont.Layout.BASIC)
        except (OSError, ValueError, UnidentifiedImageError) as error:
            raise BadFont(f"it is no font: {error}") from None

    def _check(self) -> None:
        letters = self._sized(28)
        missing = letters.getmask("\U0010fffd").getbbox(), bytes(letters.getmask("\U0010fffd"))
        for letter in set(normalize("NFC", _VIETNAMESE)) - {" "}:
            if (letters.getmask(letter).getbbox(), bytes(letters.getmask(letter))) == missing:
                raise BadFont(f"the font has no letter {letter}")


def picture_of(image: Image.Image) -> Picture:
    """An RGB image with even sides, as planes."""
    rgb = np.asarray(image.convert("RGB"), np.float32)
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    y = 16 + 0.257 * red + 0.504 * green + 0.098 * blue
    u = 128 - 0.148 * red - 0.291 * green + 0.439 * blue
    v = 128 + 0.439 * red - 0.368 * green - 0.071 * blue
    return Picture(_to_uint8(y), _to_uint8(_halved(u)), _to_uint8(_halved(v)))


def _written(
    lines: Sequence[tuple[str, ImageFont.FreeTypeFont, tuple[int, int, int]]],
    width: int,
    margin: int,
    *,
    left: int,
    background: tuple[int, int, int, int],
) -> Image.Image:
    heights = [round(sum(letters.getmetrics()) * 1.1) for _, letters, _ in lines]
    image = Image.new("RGBA", (width + width % 2, _even(sum(heights) + 2 * margin)), background)
    draw = ImageDraw.Draw(image)
    top = margin
    for (text, letters, ink), height in zip(lines, heights, strict=True):
        draw.text((left, top), text, fill=(*ink, 255), font=letters)
        top += height
    return image


def _overlay(image: Image.Image) -> Overlay:
    alpha = np.asarray(image.getchannel("A"), np.float32) * (256 / 255)
    return Overlay(picture_of(image), alpha.astype(np.int16), _halved(alpha).astype(np.int16))


def _blend(below: Plane, above: Plane, alpha: _Alpha) -> None:
    difference = above.astype(np.int32) - below
    below += (difference * alpha >> 8).astype(np.uint8)  # wraps modulo 256, as intended


def _plain(text: str) -> str:
    """One line that a font can draw."""
    composed = normalize("NFC", text[:_MAX_LETTERS])
    return "".join(each if each.isprintable() else " " for each in composed).strip()


def _shortened(text: str, letters: ImageFont.FreeTypeFont, widest: int) -> str:
    if letters.getlength(text) <= widest:
        return text
    while text and letters.getlength(text + "…") > widest:
        text = text[:-1]
    return text.rstrip() + "…"


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    return np.asarray(plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)), np.float32)


def _to_uint8(plane: NDArray[np.float32]) -> Plane:
    return np.clip(np.round(plane), 0, 255).astype(np.uint8)


def _even(number: int) -> int:
    return number + number % 2
