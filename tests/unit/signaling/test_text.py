"""Text is Unicode everywhere: one line, one login, one password, whatever keyboard it came from."""

import unicodedata
from itertools import chain, pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.model import text
from signaling.model.role_names import ROLE_NAMES, is_role_name
from signaling.model.unseen import BLANK, DEFAULT_IGNORABLE, is_seen

DRAWN = {"ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN", "INTERLINEAR"}
UNSEEN = [chr(code) for first, last in DEFAULT_IGNORABLE for code in range(first, last + 1)] + sorted(BLANK)
Form = Literal["NFC", "NFD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD")
words = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
vietnamese = st.text(alphabet="abcdđeêghiklmnoôơpqrstuưvxy ắằẳẵặấầẩẫậếềểễệốồổỗộớờởỡợứừửữựỳỷỹỵĐƯ", max_size=30)
unseen = st.text(alphabet=st.sampled_from(UNSEEN), max_size=4)


def sprinkled(draw: st.DrawFn, line: str) -> str:
    """The line with invisible characters in it."""
    return "".join(chain.from_iterable((draw(unseen), c) for c in line)) + draw(unseen)


# --- the table of what nobody sees ---


def test_the_table_is_in_order_and_agrees_with_what_unicode_calls_a_format_character() -> None:
    assert list(DEFAULT_IGNORABLE) == sorted(DEFAULT_IGNORABLE)
    assert all(first <= last for first, last in DEFAULT_IGNORABLE)
    assert all(last + 1 < then for (_, last), (then, _) in pairwise(DEFAULT_IGNORABLE))
    assert sum(last - first + 1 for first, last in DEFAULT_IGNORABLE) == 4174  # as the file of Unicode says
    formats = {c for c in map(chr, range(0x110000)) if unicodedata.category(c) == "Cf"}
    ignored = {c for c in formats if any(first <= ord(c) <= last for first, last in DEFAULT_IGNORABLE)}
    # What is left are signs before numbers and parts of old scripts, which are drawn.
    assert all(unicodedata.name(c).split()[0] in DRAWN for c in formats - ignored)


@pytest.mark.parametrize(
    "code", [0x115F, 0x1160, 0x3164, 0xFFA0, 0x034F, 0x17B4, 0x180E, 0xFE0F, 0x2800, 0xE0100]
)
def test_what_looks_like_nothing_is_nothing(code: int) -> None:
    assert not is_seen(chr(code))
    assert text.one_line(chr(code) * 3) == ""
    assert not text.has_name(text.one_line(f"12 {chr(code)} 34"))


# --- a line ---


@given(words)
def test_a_line_is_the_same_when_it_is_made_again(typed: str) -> None:
    line = text.one_line(typed)
    assert line == line.strip() == text.one_line(line)
    assert unicodedata.is_normalized("NFC", line)
    assert all(is_seen(c) for c in line)


@given(words, st.sampled_from(FORMS))
def test_a_line_does_not_depend_on_the_keyboard(typed: str, form: Form) -> None:
    assert text.one_line(unicodedata.normalize(form, typed)) == text.one_line(typed)


@given(st.data(), vietnamese)
def test_no_invisible_character_tells_two_lines_apart(data: st.DataObject, line: str) -> None:
    typed = data.draw(st.composite(sprinkled)(line))
    assert text.one_line(typed) == text.one_line(line)
    assert text.search_key(typed) == text.search_key(line)
    assert text.login_of(typed) == text.login_of(line)
    assert text.password_of(typed) == text.password_of(line)


@given(st.text(alphabet="aệ \u0301\u0323\u0489\u20dd\u0e47", max_size=60))
def test_no_letter_carries_a_tower_of_marks(typed: str) -> None:
    marks = 0
    for character in text.one_line(typed):
        marks = (
            marks + 1 if unicodedata.combining(character) or unicodedata.category(character)[0] == "M" else 0
        )
        assert marks <= text.MAX_MARKS
    assert text.one_line("\u0301" * 9 + "Hoa") == "Hoa"  # nothing stands on what is shown before it


@given(vietnamese)
def test_vietnamese_keeps_all_its_marks(typed: str) -> None:
    assert text.one_line(unicodedata.normalize("NFD", typed)) == " ".join(typed.split())


# --- logins and passwords ---


@given(words, st.sampled_from(FORMS))
def test_a_login_and_a_password_are_the_same_from_every_keyboard(typed: str, form: Form) -> None:
    other = unicodedata.normalize(form, typed)
    assert text.login_of(other) == text.login_of(typed)
    assert text.password_of(other) == text.password_of(typed)


@given(vietnamese, st.sampled_from(FORMS), st.sampled_from(FORMS))
def test_what_was_hashed_as_it_was_typed_is_still_found(typed: str, then: Form, now: Form) -> None:
    assert unicodedata.normalize(then, typed) in text.passwords_of(unicodedata.normalize(now, typed))


@given(words)
def test_the_right_form_of_a_password_is_tried_first_and_few_others(typed: str) -> None:
    forms = text.passwords_of(typed)
    assert forms[0] == text.password_of(typed)
    assert typed in forms
    assert len(set(forms)) == len(forms) <= 3


def test_a_plain_password_is_tried_once() -> None:
    assert text.passwords_of("mot hai ba bon") == ("mot hai ba bon",)


@given(words)
def test_a_login_is_the_same_when_it_is_typed_as_it_was_stored(typed: str) -> None:
    login = text.login_of(typed)
    assert text.login_of(login) == login == text.logins_of(typed)[0]


def test_logins_forgive_capitals_spaces_and_width() -> None:
    assert text.login_of("  Khoa-Nhi ") == text.login_of("\uff2b\uff48\uff4f\uff41-nhi") == "khoa-nhi"
    decomposed = unicodedata.normalize("NFD", "trạm-tả-phìn")
    assert text.login_of(decomposed) == "trạm-tả-phìn"
    assert decomposed in text.logins_of("Trạm-Tả-Phìn")


# --- search ---


@pytest.mark.parametrize(
    "wanted", ["ta phin", "Tả Phìn", "TẢ PHÌN", unicodedata.normalize("NFD", "tả phìn"), "phìn tram"]
)
def test_a_search_finds_with_and_without_diacritics(wanted: str) -> None:
    assert text.found(wanted, "Trạm Y tế xã Tả Phìn")
    assert text.found(wanted, unicodedata.normalize("NFD", "Trạm Y tế xã Tả Phìn"))
    assert not text.found("phù", "Trạm Y tế xã Tả Phìn")


def test_dj_is_found_as_d() -> None:
    assert text.found("dieu duong", "Phòng Điều dưỡng")
    assert text.found("", "anything")


@given(words, st.sampled_from(FORMS))
def test_a_key_finds_itself(typed: str, form: Form) -> None:
    assert text.search_key(unicodedata.normalize(form, typed)) == text.search_key(typed)
    assert text.search_key(text.search_key(typed)) == text.search_key(typed)


# --- names that are a role's ---

ALIKE = {
    "c": "\u0441\u1d04", "h": "\u04bb\u0570", "u": "\u057d\u1d1c", "o": "\u043e\u03bf0",
    "a": "\u0430\u03b14@", "t": "\u0442\u03c47", "i": "\u0456\u03b91|", "e": "\u0435\u03b53",
    "r": "\u0433\u0280", "n": "\u043f\uff4e",
}  # fmt: skip
"""Cyrillic, Armenian, Greek, small capitals, full width, digits."""


@given(
    st.data(),
    st.sampled_from(ROLE_NAMES),
    st.booleans(),
    st.sampled_from(FORMS),
    st.sampled_from(["", " ", ".", "-", "·"]),
)
def test_the_name_of_a_role_is_known_in_any_spelling(
    data: st.DataObject, name: str, plain: bool, form: Form, between: str
) -> None:
    line = text.search_key(name) if plain else unicodedata.normalize(form, name)
    if plain:
        line = "".join(data.draw(st.sampled_from(c + ALIKE.get(c, ""))) for c in line)
    line = between.join(line) if plain else line
    if data.draw(st.booleans()):
        line = line.upper()
    assert is_role_name(data.draw(st.composite(sprinkled)(line)))
    assert is_role_name(f"{name} 2")


@pytest.mark.parametrize(
    "name",
    [
        "BS. Vàng A Páo, Giám đốc", "Nguyễn Thị Thư", "Giàng Thị Dợ", "Chu Văn Trí", "ĐD. Lò Thị Kỳ",
        "Sùng Thị Mỷ", "Hoàng Giám", "Thào A Chủ", "Trần Hệ", "Thư ký khoa Nhi Lò Thị Hoa",
        "Hồ Thị Hoa", "Operetta", "12",
    ],
)  # fmt: skip
def test_people_have_names_of_their_own(name: str) -> None:
    assert not is_role_name(name)


@given(words)
def test_any_name_can_be_judged(name: str) -> None:
    assert is_role_name(name) == is_role_name(text.one_line(name))
