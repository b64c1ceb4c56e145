"""Every text in both languages, every key used and none missing."""

import json
import re
from pathlib import Path

import pytest

from signaling.model.words import Role, UnitKind, Why

WEB = Path(__file__).parents[2] / "web"
LANGUAGES = ("vi", "en")
_KEY = re.compile(r"""['"`]([a-z]+(?:-[a-z]+)*(?:\.[a-z0-9-]+)+)['"`]""")
_STEM = re.compile(r"`([a-z-]+(?:\.[a-z0-9-]*)+)\$\{")
"""A key whose end is worked out: `why.${code}`."""
_PARAMETER = re.compile(r"\{(\w+)\}")


def texts(language: str) -> dict[str, str]:
    found = json.loads((WEB / "i18n" / f"{language}.json").read_text())
    assert isinstance(found, dict)
    return found


def sources() -> str:
    return "\n".join(path.read_text() for path in sorted(WEB.rglob("*.js")))


def test_both_languages_have_the_same_keys() -> None:
    assert texts("vi").keys() == texts("en").keys()


def test_both_languages_have_the_same_parameters() -> None:
    vi, en = texts("vi"), texts("en")
    differing = {
        key for key in vi if set(_PARAMETER.findall(vi[key])) != set(_PARAMETER.findall(en.get(key, "")))
    }
    assert differing == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language: str) -> None:
    assert [key for key, text in texts(language).items() if not text.strip()] == []


def test_every_key_in_the_code_has_a_text() -> None:
    known = texts("vi")
    namespaces = {key.split(".")[0] for key in known}
    used = {key for key in _KEY.findall(sources()) if key.split(".")[0] in namespaces}
    assert {key for key in used if key not in known and not key.endswith((".js", ".svg"))} == set()


def test_no_text_is_unused() -> None:
    code = sources()
    used, stems = set(_KEY.findall(code)), tuple(_STEM.findall(code))
    assert [key for key in texts("vi") if key not in used and not key.startswith(stems)] == []


@pytest.mark.parametrize(("space", "words"), [("why", Why), ("role", Role), ("unit-kind", UnitKind)])
def test_every_protocol_word_that_people_see_has_a_text(
    space: str, words: type[Why] | type[Role] | type[UnitKind]
) -> None:
    assert [word.value for word in words if f"{space}.{word.value}" not in texts("vi")] == []


def test_vietnamese_text_is_vietnamese() -> None:
    """A text forgotten in English has no letter that only Vietnamese has; short ones may not need any."""
    plain = [key for key, text in texts("vi").items() if len(text) > 24 and text.isascii()]
    assert plain == []
