"""The audit log's chain: every change, gap, move, cut and rewrite is found."""

import csv
import io
from dataclasses import replace
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.audit.chain import (
    START,
    Actor,
    AuditEvent,
    Fault,
    Head,
    Stored,
    Wrong,
    chained,
    head_line,
    head_of,
    read,
    verify,
)
from signaling.audit.export import Form, exported, opening

NAME = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FIELD = st.tuples(NAME, st.one_of(NAME, st.integers(-(2**53), 2**53)))
EVENT = st.builds(
    AuditEvent,
    mark=NAME,
    unix_ms=st.integers(0, 2**53),
    event=st.sampled_from(["admitted", "muted", "invited", "left"]),
    meeting=st.sampled_from(["giao-ban", ""]),
    run=st.integers(0, 9999),
    who=st.builds(Actor, account=NAME, login=NAME, address=NAME),
    fields=st.lists(FIELD, max_size=3).map(tuple),
    words=st.lists(st.tuples(NAME, NAME), max_size=3).map(tuple),
)
LOG = st.lists(EVENT, min_size=1, max_size=12).map(lambda every: chained(Head(), every))


def three() -> tuple[Stored, ...]:
    who = Actor("a1", "thu-ky", "10.0.0.7")
    return chained(
        Head(),
        [
            AuditEvent("m1", 1, "admitted", "giao-ban", 1, who, (("participant", "p1"),)),
            AuditEvent("m2", 2, "muted", "giao-ban", 1, who, (("participant", "p1"),)),
            AuditEvent("m3", 3, "login-failed", who=Actor(address="10.0.0.8")),
        ],
    )


@given(LOG)
def test_a_log_as_it_was_written_verifies_and_keeps_every_word(log: tuple[Stored, ...]) -> None:
    assert verify(log, log[-1].head, log[0].hash) is None
    assert [stored.number for stored in log] == list(range(1, len(log) + 1))
    again = chained(Head(), [_event_of(stored) for stored in log])
    assert again == log  # the same events give the same documents and the same hashes


def _event_of(stored: Stored) -> AuditEvent:
    entry = read(stored)
    assert entry is not None
    who = Actor(entry.actor, entry.login, entry.address)
    return AuditEvent(
        entry.mark, entry.unix_ms, entry.event, entry.meeting, entry.run, who, entry.fields, entry.words
    )


def _with(stored: Stored, kind: str, new: str) -> Stored:
    match kind:
        case "document":
            return replace(stored, document=new)
        case "hash":
            return replace(stored, hash=new)
        case "mark":
            return replace(stored, mark=new)
        case _:
            return replace(stored, meeting=new)


@given(LOG, st.data())
def test_any_single_change_is_found_where_it_is(log: tuple[Stored, ...], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(log) - 1))
    kind = data.draw(st.sampled_from(["document", "hash", "mark", "meeting", "number"]))
    if kind == "number":
        other = data.draw(st.integers(-3, len(log) + 3).filter(lambda number: number != place + 1))
        changed = replace(log[place], number=other)
    else:
        old = str(getattr(log[place], kind))
        at = data.draw(st.integers(0, len(old)))
        new = old[:at] + data.draw(st.sampled_from(["x", "0", "\x00", "\ud800", '"'])) + old[at + 1 :]
        if new == old:
            new += "x"
        changed = _with(log[place], kind, new)
    fault = verify((*log[:place], changed, *log[place + 1 :]), log[-1].head)
    assert fault is not None
    assert fault.number in (place + 1, place + 2, changed.number)


@given(LOG, st.data())
def test_a_missing_entry_is_noticed_anywhere(log: tuple[Stored, ...], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(log) - 1))
    last = data.draw(st.integers(first + 1, len(log)))
    fault = verify(log[:first] + log[last:], log[-1].head)
    if last == len(log):
        assert fault == Fault(first + 1, Wrong.CUT)
    elif first == 0:
        assert fault == Fault(last + 1, Wrong.NO_CHECKPOINT)
    else:
        assert fault == Fault(first + 1, Wrong.MISSING)


@given(LOG.filter(lambda log: len(log) > 1), st.data())
def test_two_swapped_entries_are_found(log: tuple[Stored, ...], data: st.DataObject) -> None:
    one, other = sorted(data.draw(st.sets(st.integers(0, len(log) - 1), min_size=2, max_size=2)))
    swapped = list(log)
    swapped[one], swapped[other] = log[other], log[one]
    assert verify(swapped, log[-1].head) is not None
    # Renumbering the rows does not help either.
    renumbered = [replace(stored, number=place) for place, stored in enumerate(swapped, 1)]
    assert verify(renumbered, log[-1].head) is not None


@given(LOG, st.data())
def test_a_log_rewritten_from_some_entry_on_is_found_by_its_head(
    log: tuple[Stored, ...], data: st.DataObject
) -> None:
    """Anyone who can compute hashes can make a valid chain; the head kept elsewhere does not fit it."""
    place = data.draw(st.integers(0, len(log) - 1))
    before = log[place - 1].head if place else Head()
    first = replace(_event_of(log[place]), event="forged")
    forged = log[:place] + chained(before, [first, *(_event_of(stored) for stored in log[place + 1 :])])
    assert verify(forged) is None
    assert verify(forged, log[-1].head) == Fault(len(log), Wrong.REWRITTEN)
    assert verify(forged, noted=log[place].hash) == Fault(0, Wrong.UNKNOWN_HEAD)


def test_mistakes_are_explained_in_words() -> None:
    log = three()
    changed = replace(log[1], document=log[1].document.replace("muted", "greeted"))
    assert verify((log[0], changed, log[2])) == Fault(2, Wrong.CHANGED)
    covered = replace(changed, hash=sha256(changed.document.encode()).hexdigest())
    assert verify((log[0], covered, log[2])) == Fault(3, Wrong.UNLINKED)
    assert verify((log[0], replace(log[1], document="{}"), log[2])) == Fault(2, Wrong.UNREADABLE)
    assert verify(log[:2], log[2].head) == Fault(3, Wrong.CUT)
    assert verify((), log[2].head) == Fault(1, Wrong.CUT)
    assert verify(log, noted="0" * 63 + "1") == Fault(0, Wrong.UNKNOWN_HEAD)


def test_an_older_head_and_an_empty_log_are_fine() -> None:
    log = three()
    assert verify(log, log[0].head) is None
    assert verify((), Head(), START) is None


def test_an_entry_says_who_what_when_and_from_where() -> None:
    entry = read(three()[1])
    assert entry is not None
    assert (entry.login, entry.event, entry.unix_ms, entry.address) == ("thu-ky", "muted", 2, "10.0.0.7")


def test_booleans_are_stored_as_numbers() -> None:
    log = chained(Head(), [AuditEvent("m", 1, "admitted", fields=(("outsider", True),))])
    assert verify(log) is None
    entry = read(log[0])
    assert entry is not None
    assert entry.fields == (("outsider", 1),)


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"1 " + b"a" * 64, b"\xff" * 86, head_line(Head())[:-2], head_line(Head()) * 2]
)
def test_what_is_not_a_head_is_none(line: bytes) -> None:
    assert head_of(line) is None


@given(st.integers(0, 2**62))
def test_a_head_is_read_as_it_was_written(number: int) -> None:
    head = Head(number, sha256(str(number).encode()).hexdigest())
    assert head_of(head_line(head)) == head
    assert len(head_line(head)) == len(head_line(Head()))


# --- exports ---


@given(LOG)
def test_exported_json_lines_can_be_verified_again(log: tuple[Stored, ...]) -> None:
    lines = exported(log, Form.JSONL).splitlines()
    assert len(lines) == len(log)
    for stored, line in zip(log, lines, strict=True):
        assert sha256(line[len(b'{"entry":') : line.rindex(b',"hash":')]).hexdigest() == stored.hash


@pytest.mark.parametrize("typed", ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "a,b", 'say "no"', "hai\ndòng"])
def test_typed_text_is_no_formula_and_breaks_no_table(typed: str) -> None:
    log = chained(Head(), [AuditEvent("m", 1, "left", who=Actor(login=typed), words=(("reason", typed),))])
    table = (opening(Form.CSV) + exported(log, Form.CSV)).decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(table, newline=""))
    cells = dict(zip(head, row, strict=True))
    assert cells["login"].lstrip("'") == typed
    assert not cells["login"].startswith(("=", "+", "-", "@", "\t"))
    assert cells["words"] == f"reason: {typed}"


def test_a_damaged_entry_is_exported_too() -> None:
    (stored,) = chained(Head(), [AuditEvent("m", 1, "left")])
    table = exported([replace(stored, document="=1+1")], Form.CSV).decode()
    assert table.startswith("1,,,,unreadable,")
    assert "'=1+1" in table
    line = msgspec.json.decode(exported([replace(stored, document="{")], Form.JSONL))
    assert line == {"entry": "{", "hash": stored.hash}
