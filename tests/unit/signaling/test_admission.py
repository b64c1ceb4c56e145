"""The person a Knock announces, and the order of Vietnamese names."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.model.text import one_line, sort_key
from signaling.model.words import Role, Why
from signaling.protocol import Knock
from signaling.room.rules.admission import Caller, caller
from tests.support.control_room import UNITS, account

BY_ID = {unit.id: unit for unit in UNITS}


def test_the_accounts_own_unit_counts_when_none_is_chosen() -> None:
    assert caller(Knock(None, "Hoa"), account("a", unit="nhi"), BY_ID) == Caller("nhi", "Hoa", None, None)


def test_a_substitute_may_speak_for_another_unit() -> None:
    assert caller(Knock("noi", "Hoa"), account("a", unit="nhi"), BY_ID) == Caller("noi", "Hoa", None, None)


@pytest.mark.parametrize(
    ("knock", "why"),
    [
        (Knock(None, "Hoa"), Why.UNIT_MISSING),
        (Knock("mars", "Hoa"), Why.UNIT_MISSING),
        (Knock("nhi", ""), Why.NAME_MISSING),
        (Knock("nhi", "12 34"), Why.NAME_MISSING),
        (Knock("nhi", "\u200b\u202e\x00"), Why.NAME_MISSING),
        (Knock("nhi", "Hoa", 3, 2), Why.BAD_HEADCOUNT),
    ],
)
def test_what_is_missing_is_named(knock: Knock, why: Why) -> None:
    assert caller(knock, account("a", unit=None), BY_ID) is why


@pytest.mark.parametrize("name", ["\u3164\u115f", "\u2800\u2800", "\ufe0f12"])
def test_what_nobody_sees_is_no_name(name: str) -> None:
    assert caller(Knock("nhi", name), account("a"), BY_ID) is Why.NAME_MISSING


@pytest.mark.parametrize("name", ["Chủ tọa", "thu ky", "H\u1ec7 th\u1ed1ng", "Ch\u200bủ trì", "BAN GIÁM ĐỐC"])
def test_a_delegate_is_not_called_by_an_office_of_the_meeting(name: str) -> None:
    assert caller(Knock("nhi", name), account("a"), BY_ID) is Why.NAME_IS_A_ROLE
    named = caller(Knock("nhi", f"Lò Thị Hoa, {name}"), account("a"), BY_ID)
    assert isinstance(named, Caller)
    for staff in (account("a", Role.OPERATOR), account("a", Role.CHAIR), account("a", unit="bgd")):
        assert isinstance(caller(Knock("nhi", name), staff, BY_ID), Caller)


def test_half_a_headcount_is_accepted() -> None:
    assert isinstance(caller(Knock("nhi", "Hoa", 3, None), account("a"), BY_ID), Caller)


@given(st.text())
def test_a_line_shows_only_what_can_be_seen(text: str) -> None:
    line = one_line(text)
    assert line == line.strip() == one_line(line)
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp") for c in line)


def test_vietnamese_text_sorts_by_letters_then_by_tones() -> None:
    names = ["Đa", "Da", "Ân", "An", "Ăn", "Áo", "Ào", "Ao", "Ê", "E", "Ưu", "Uy", "Ô", "Ơ", "O"]
    assert sorted(names, key=sort_key) == [
        *("An", "Ao", "Ào", "Áo", "Ăn", "Ân", "Da", "Đa", "E", "Ê", "O", "Ô", "Ơ", "Uy", "Ưu")
    ]


def test_composed_and_decomposed_text_sort_alike_and_numbers_by_value() -> None:
    assert sort_key("Tả Phìn")[:2] == sort_key(unicodedata.normalize("NFD", "Tả Phìn"))[:2]
    assert sorted(["Tổ 10", "Tổ 9", "Tổ 010"], key=sort_key)[0] == "Tổ 9"


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    assert (sort_key(one) < sort_key(other)) or (sort_key(other) < sort_key(one)) or one == other
