"""Text as people type and read it: what is typed goes through here before it is kept or compared. Pure.

Three forms: a line as it is shown (`one_line`), what people type to sign in (`login_of`, `password_of`), and
a key that finds a text however it was typed (`search_key`).
"""

import unicodedata
from functools import lru_cache

from signaling.model.unseen import is_seen

MAX_MARKS = 3
"""Marks on one letter, beyond those that are part of it. No script stacks more; a hundred of them cover
the lines above and below."""
_MARKS = frozenset({"Mn", "Mc", "Me"})

_LETTERS = {letter: place for place, letter in enumerate("0123456789aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")}
_TONES = {"\N{COMBINING GRAVE ACCENT}": 1, "\N{COMBINING HOOK ABOVE}": 2, "\N{COMBINING TILDE}": 3,
          "\N{COMBINING ACUTE ACCENT}": 4, "\N{COMBINING DOT BELOW}": 5}  # fmt: skip

SortKey = tuple[tuple[int, ...], tuple[int, ...], str]


def one_line(text: str) -> str:
    """The text as it is shown: composed characters, visible ones only, few marks on each, single spaces. May
    be empty."""
    visible = "".join(" " if c.isspace() else c for c in text if c.isspace() or is_seen(c))
    kept: list[str] = []
    marks = MAX_MARKS  # a mark without a letter would stand on whatever is shown before the text
    for character in unicodedata.normalize("NFC", visible):
        if unicodedata.category(character) in _MARKS:
            marks += 1
            if marks > MAX_MARKS:
                continue
        else:
            marks = MAX_MARKS if character == " " else 0
        kept.append(character)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def has_name(line: str) -> bool:
    """Whether a line names anybody: digits and signs do not."""
    return any(character.isalpha() for character in line)


def login_of(typed: str) -> str:
    """A login as it is stored: people type capitals, spaces, and letters of full width. Source: RFC 8265,
    UsernameCaseMapped."""
    return unicodedata.normalize("NFC", one_line(unicodedata.normalize("NFKC", typed)).casefold())


def logins_of(typed: str) -> tuple[str, ...]:
    """What a login may be stored as, the right form first: older versions kept it as it was typed."""
    login = login_of(typed)
    once = typed.strip().casefold()
    return tuple(dict.fromkeys((login, once, unicodedata.normalize("NFD", login))))


def password_of(typed: str) -> str:
    """A password as it is hashed, the same from every keyboard. Source: RFC 8265, OpaqueString; what it
    forbids because nobody sees it is left out, because nobody typed it."""
    visible = "".join(" " if c.isspace() else c for c in typed if c.isspace() or is_seen(c))
    return unicodedata.normalize("NFC", visible)


def passwords_of(typed: str) -> tuple[str, ...]:
    """What may have been hashed, the right form first: older versions hashed what was typed, and another
    keyboard types it decomposed. How many there are depends on what is typed alone."""
    password = password_of(typed)
    return tuple(dict.fromkeys((password, typed, unicodedata.normalize("NFD", password))))


def search_key(text: str) -> str:
    """Two texts with the same key are the same to somebody who searches: capitals, diacritics, width and how
    the letters were composed do not count."""
    line = one_line(unicodedata.normalize("NFKC", text)).casefold().replace("đ", "d")
    bare = "".join(c for c in unicodedata.normalize("NFKD", line) if unicodedata.category(c) not in _MARKS)
    return " ".join(bare.split())


def found(wanted: str, *texts: str) -> bool:
    """Whether every word of a search is in one of the texts."""
    keys = " ".join(search_key(text) for text in texts)
    return all(word in keys for word in search_key(wanted).split())


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
