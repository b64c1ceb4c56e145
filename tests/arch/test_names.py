"""No class name twice, one prefix for bounds, one form for log lines; a breach of each is noticed."""

import pytest

from tests.arch import names
from tests.arch.source import Source, everything, product, report, written


def test_a_class_name_stands_once_in_a_package() -> None:
    assert report(names.class_complaints(product())) == ""


def test_a_second_class_of_a_name_is_noticed() -> None:
    one, other = Source("sfu/a.py", "class Line: ..."), Source("sfu/rtp/b.py", "class Line: ...")
    assert list(names.class_complaints([one, other]))
    assert not list(names.class_complaints([one, Source("recorder/b.py", "class Line: ...")]))


def test_bounds_have_one_prefix() -> None:
    assert report(names.bound_complaints([*everything(), *product(".js"), *written("tests", ".js")])) == ""


@pytest.mark.parametrize("name", ["LONGEST_WAIT_S", "MOST_PEERS", "_LEAST_BPS", "QUEUE_LIMIT", "WAIT_MOST_S"])
def test_another_prefix_of_a_bound_is_noticed(name: str) -> None:
    assert list(names.bound_complaints([Source("sfu/a.py", f"{name} = 1")]))
    assert list(names.bound_complaints([Source("web/a.js", f"const {name} = 1;")]))
    assert not list(names.bound_complaints([Source("sfu/a.py", "MAX_WAIT_S = MIN_BPS = ALMOST = 1")]))


def test_the_two_functions_called_replace_have_one_name_each() -> None:
    assert report(names.import_complaints(everything())) == ""


@pytest.mark.parametrize(
    "text",
    [
        "from dataclasses import replace as altered",
        "from msgspec.structs import replace",
        "import msgspec\nmsgspec.structs.replace(x)",
    ],
)
def test_a_third_name_for_replace_is_noticed(text: str) -> None:
    assert list(names.import_complaints([Source("sfu/a.py", text)]))


def test_log_lines_are_events_with_keys() -> None:
    assert report(names.log_complaints(product())) == ""


@pytest.mark.parametrize(
    ("call", "noticed"),
    [
        ('log.info("media-up")', False),
        ('log.info("tap-opened room=%s taps=%d", room, 1)', False),
        ('log.info("left why=%r code=%d", why, code)', False),
        ('log.info("%s meeting=%s %s%s", event, code, by, fields)', False),
        ('log.info("tap opened for %s", room)', True),
        ('log.info("ears died: again")', True),
        ('log.info("tap up room=%s", room)', True),
        ('log.info("tap-up %s", room)', True),
        ('log.info("tapUp")', True),
        ('log.warning("Tap opened")', True),
        ('log.error(f"tap-opened room={room}")', True),
        ("log.error(text)", True),
    ],
)
def test_a_log_line_in_prose_is_noticed(call: str, noticed: bool) -> None:
    assert bool(list(names.log_complaints([Source("sfu/a.py", call)]))) is noticed
