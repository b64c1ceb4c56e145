"""Names that are only the name of an office of the meeting: "Chủ tọa", "Thư ký". Pure.

Every participant's role is shown beside the name, as the server knows it, and everybody is let in by a
person. What is kept out is a "name" that is nothing but such a word, in any spelling. A person who has that
position gives the own name with it ("BS. Vàng A Páo, Giám đốc"), as the regulation asks for anyway.
"""

import unicodedata
from functools import cache

from signaling.model.text import one_line, search_key

ROLE_NAMES = (
    "Chủ trì", "Chủ tọa", "Chủ tịch", "Thư ký", "Thư kí", "Hệ thống", "Máy chủ", "Quản trị", "Điều hành",
    "Ban giám đốc", "BGĐ", "Ban lãnh đạo", "Giám đốc", "Phó giám đốc", "Giao ban", "Điểm cầu chính",
    "Điểm cầu trung tâm", "chair", "chairman", "chairperson", "operator", "admin", "administrator", "host",
    "moderator", "system", "server", "secretary", "director", "giaoban",
)  # fmt: skip
_ADDITIONS = ("", "cuộc họp", "phòng họp", "trung tâm", "viên", "hệ thống")
_ALIKE: dict[int, str] = {}
for _letters, _latin in (
    (
        "\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
        "abehikmnoptyx",
    ),  # Greek capitals
    (
        "\u03b1\u03b5\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03b3",
        "aenikuvoptuxy",
    ),  # Greek
    (  # Cyrillic
        "\u0430\u0432\u0441\u0501\u0435\u0261\u04bb\u0456\u0458\u043a\u043c\u043d\u043e"
        "\u0440\u051b\u0433\u0455\u0442\u0443\u0445\u0475\u051d\u044c\u043f",
        "abcdeghijkmhopqrstyxvwbn",
    ),
    ("\u0585\u057d\u0570", "ouh"),  # Armenian
    (  # Latin
        "\u0251\u0131\u0269\u0142\u00f8\u0111\u00f0\u0256\u0127\u0167\u0262\u029c\u026a"
        "\u1d04\u1d05\u1d07\u1d0b\u1d0d\u0274\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c\u028f"
        "\u1d00\u0299\u04cf\u01c0l",
        "aiiiodddhtghicdekmnoprstuyabiii",
    ),
    ("013457@$|!", "oieastasii"),  # digits and signs
):
    _ALIKE |= {ord(letter): like for letter, like in zip(_letters, _latin, strict=True)}
"""Letters that look like a Latin one, by the Latin one; l, 1 and | are i. Source: confusables.txt of UTS #39,
as far as it concerns the letters of these words."""


def is_role_name(name: str) -> bool:
    """Whether a name is a role's, with or without diacritics, in letters that only look right, with signs or
    numbers in it."""
    return not _shapes(name).isdisjoint(_reserved())


@cache
def _reserved() -> frozenset[str]:
    return frozenset(_shape(name + more) for name in ROLE_NAMES for more in _ADDITIONS)


def _shapes(name: str) -> set[str]:
    """Digits may stand for letters, or only number the name: "Thư ký 2"."""
    return {_shape(name), _shape("".join(c for c in name if not c.isdecimal()))}


def _shape(name: str) -> str:
    bare = unicodedata.normalize("NFKD", one_line(name)).translate(_ALIKE)
    return "".join(c for c in search_key(bare).translate(_ALIKE) if c.isalnum())
