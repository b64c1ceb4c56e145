"""Characters that show nothing. Pure."""

import unicodedata
from bisect import bisect_right
from itertools import chain

DEFAULT_IGNORABLE = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
"""First and last code points, in order: soft hyphen, joiners, marks of direction, fillers of Hangul,
variation selectors, tags. Source: Default_Ignorable_Code_Point in DerivedCoreProperties.txt of Unicode 16.0;
Python's `unicodedata` does not have this property."""
BLANK = frozenset("\N{BRAILLE PATTERN BLANK}\N{MUSICAL SYMBOL NULL NOTEHEAD}")
"""Symbols that Unicode does not call ignorable and that are drawn as nothing."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories that no text needs, among them the marks that change the direction of the text around them."""
_EDGES = tuple(chain.from_iterable((first, last + 1) for first, last in DEFAULT_IGNORABLE))


def is_seen(character: str) -> bool:
    """Whether it is drawn, or at least takes up room, as a space does."""
    if character < "\x7f":
        return character >= " "
    return (
        unicodedata.category(character) not in _UNSEEN
        and bisect_right(_EDGES, ord(character)) % 2 == 0
        and character not in BLANK
    )
