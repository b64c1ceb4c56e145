"""Files stay small, names say something, one thing has one word; and the rules would notice."""

import pytest

from tests.arch import shape
from tests.arch.source import Source, everything, product, report


def test_files_stay_small() -> None:
    assert report(shape.size_complaints(everything() + product(".js") + product(".css"))) == ""


@pytest.mark.parametrize(("path", "lines"), [("sfu/plane/plane.py", 501), ("web/state/store.js", 401)])
def test_a_file_that_grew_too_long_is_noticed(path: str, lines: int) -> None:
    assert list(shape.size_complaints([Source(path, "\n" * lines)]))
    assert not list(shape.size_complaints([Source(path, "\n" * (lines - 1))]))


def test_functions_stay_small() -> None:
    assert report(shape.function_complaints(product())) == ""


def test_a_long_function_is_noticed() -> None:
    text = "def f() -> None:\n" + "    x = 1\n" * shape.MAX_FUNCTION_LINES
    assert list(shape.function_complaints([Source("sfu/plane/plane.py", text)]))


def test_a_function_with_many_parameters_is_noticed() -> None:
    few, many = "a, b, c, d, e, f, g", "a, b, c, d, e, f, *, g, h"
    assert list(shape.function_complaints([Source("sfu/plane/plane.py", f"def f({many}): ...")]))
    text = f"class C:\n    def f(self, {few}): ..."
    assert not list(shape.function_complaints([Source("sfu/plane/plane.py", text)]))


def test_names_say_something() -> None:
    assert report(shape.name_complaints(everything() + product(".js") + product(".css"))) == ""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sfu/utils.py", ""),
        ("signaling/helpers/text.py", ""),
        ("web/state/common.js", ""),
        ("sfu/room_manager.py", ""),
        ("sfu/room.py", "class RoomManager: ..."),
        ("web/state/room.js", "export class TileManager {}"),
    ],
)
def test_a_name_that_says_nothing_is_noticed(path: str, text: str) -> None:
    assert list(shape.name_complaints([Source(path, text)]))


def test_one_thing_has_one_word() -> None:
    assert report(shape.glossary_complaints(product() + product(".js"))) == ""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("signaling/room/room.py", "class ConferenceRoom: ..."),
        ("signaling/room/room.py", "def open_waiting_room(): ..."),
        ("signaling/room/room.py", "def f(subscribers): ..."),
        ("sfu/plane/slot.py", "downtrack = 1"),
        ("sfu/plane/slot.py", "self.mute_flag = True"),
        ("web/state/store.js", "const userList = [];"),
    ],
)
def test_a_second_word_for_a_thing_is_noticed(path: str, text: str) -> None:
    assert list(shape.glossary_complaints([Source(path, text)]))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("signaling/room/room.py", "class Room: ...\nbottom = robot_s = 1"),
        ("web/state/store.js", "const roster = []; // not a userList\nsay('conference');"),
    ],
)
def test_other_words_are_left_alone(path: str, text: str) -> None:
    assert list(shape.glossary_complaints([Source(path, text)])) == []
