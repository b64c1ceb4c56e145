"""Text as people read it: which characters are shown, and the order of Vietnamese names. Pure."""

import unicodedata
from functools import lru_cache

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories that no name needs, among them the marks that change the direction of the text around them."""

_LETTERS = {letter: place for place, letter in enumerate("0123456789aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")}
_TONES = {"\N{COMBINING GRAVE ACCENT}": 1, "\N{COMBINING HOOK ABOVE}": 2, "\N{COMBINING TILDE}": 3,
          "\N{COMBINING ACUTE ACCENT}": 4, "\N{COMBINING DOT BELOW}": 5}  # fmt: skip

SortKey = tuple[tuple[int, ...], tuple[int, ...], str]


def one_line(text: str) -> str:
    """The text as it is shown: composed characters, visible ones only, single spaces. May be empty."""
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(" " if c.isspace() else c for c in composed if c.isspace() or _seen(c))
    return " ".join(visible.split())


def _seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN


@lru_cache(maxsize=1024)  # the same fifty names are sorted at every input of a room
def sort_key(text: str) -> SortKey:
    """Compare letters first; tones decide only between equal words. Runs of digits compare as numbers."""
    letters: list[int] = []
    tones: list[int] = []
    number = ""
    for character in [*unicodedata.normalize("NFC", text.casefold()), ""]:
        if character.isdecimal():
            number += character
            continue
        if number:
            letters.extend((1, len(number.lstrip("0")), *(_LETTERS.get(d, 0) for d in number.lstrip("0"))))
            number = ""
        if character:
            letter, tone = _split(character)
            letters.append(letter)
            tones.append(tone)
    return tuple(letters), tuple(tones), text


def _split(character: str) -> tuple[int, int]:
    """A letter's place and its tone. Other characters follow the Vietnamese letters, by code point."""
    decomposed = unicodedata.normalize("NFD", character)
    tone = next((_TONES[mark] for mark in decomposed if mark in _TONES), 0)
    bare = unicodedata.normalize("NFC", "".join(mark for mark in decomposed if mark not in _TONES))
    if not bare or bare.isspace():
        return 0, 0
    if bare in _LETTERS:
        return 2 + _LETTERS[bare], tone
    return 100 + ord(bare[0]), tone
