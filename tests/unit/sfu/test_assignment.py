"""Which feeds the slots of one endpoint carry."""

from sfu import EndpointId, SlotKind, Source
from sfu.plane.assignment import RoomChoice, assign
from sfu.plane.slot import Feed

A, B, C, D, ME = (EndpointId(name) for name in ("a", "b", "c", "d", "me"))
KINDS = [SlotKind.AUDIO] * 3 + [SlotKind.STAGE, SlotKind.SCREEN] + [SlotKind.TILE] * 4
EMPTY: list[Feed | None] = [None] * len(KINDS)


def voices(plan: list[Feed | None]) -> list[EndpointId | None]:
    return [feed.endpoint if feed else None for feed in plan[:3]]


def test_nobody_hears_or_sees_themselves() -> None:
    choice = RoomChoice(heard=(ME, A), stage=ME, stage_before=A, screen=ME)
    plan = assign(ME, KINDS, EMPTY, choice, [ME, A])
    assert ME not in {feed.endpoint for feed in plan if feed}
    assert plan[3] == Feed(A, Source.CAMERA)


def test_a_voice_that_stays_heard_keeps_its_slot_when_the_order_changes() -> None:
    before = assign(ME, KINDS, EMPTY, RoomChoice(heard=(A, B, C)), [])
    after = assign(ME, KINDS, before, RoomChoice(heard=(C, A, D)), [])
    assert voices(after) == [A, D, C]


def test_the_stages_voice_begins_in_the_first_slot_and_others_leave_it_free() -> None:
    assert voices(assign(ME, KINDS, EMPTY, RoomChoice(heard=(A, B), stage=B), [])) == [B, A, None]
    before = assign(ME, KINDS, EMPTY, RoomChoice(heard=(A,)), [])
    assert voices(before) == [A, None, None]
    after = assign(ME, KINDS, before, RoomChoice(heard=(B, C), stage=C), [])
    assert voices(after) == [C, B, None]


def test_the_stages_voice_moves_to_the_first_slot_in_a_pause_of_both() -> None:
    before = assign(ME, KINDS, EMPTY, RoomChoice(heard=(A, B)), [])
    choice = RoomChoice(heard=(A, B), stage=B)
    for quiet in ((), (A,), (B,)):
        assert voices(assign(ME, KINDS, before, choice, [], quiet)) == [A, B, None]
    assert voices(assign(ME, KINDS, before, choice, [], (A, B))) == [B, A, None]
    alone = assign(ME, KINDS, before, RoomChoice(heard=(B,), stage=B), [], (B,))
    assert voices(alone) == [B, None, None]


def test_nobody_moves_while_the_stage_is_empty_or_silent() -> None:
    before = assign(ME, KINDS, EMPTY, RoomChoice(heard=(A, B)), [])
    for stage in (None, C, ME):
        choice = RoomChoice(heard=(A, B), stage=stage)
        assert voices(assign(ME, KINDS, before, choice, [], (A, B))) == [A, B, None]


def test_the_participant_on_the_stage_hears_the_one_they_see_in_the_first_slot() -> None:
    choice = RoomChoice(heard=(A, B, C), stage=A, stage_before=C)
    assert voices(assign(A, KINDS, EMPTY, choice, [])) == [C, B, None]


def test_a_voice_that_is_no_longer_heard_leaves_its_slot_empty() -> None:
    before = assign(ME, KINDS, EMPTY, RoomChoice(heard=(A, B)), [])
    assert voices(assign(ME, KINDS, before, RoomChoice(heard=(B,)), [])) == [None, B, None]


def test_tiles_are_filled_in_the_order_they_were_asked_for() -> None:
    plan = assign(ME, KINDS, EMPTY, RoomChoice(), [B, A])
    assert plan[5:] == [Feed(B, Source.CAMERA), Feed(A, Source.CAMERA), None, None]


def test_the_screen_goes_to_everyone_except_its_sharer() -> None:
    choice = RoomChoice(screen=A)
    assert assign(ME, KINDS, EMPTY, choice, [])[4] == Feed(A, Source.SCREEN)
    assert assign(A, KINDS, EMPTY, choice, [])[4] is None


def test_the_participant_on_the_stage_sees_the_one_before() -> None:
    choice = RoomChoice(stage=A, stage_before=B)
    assert assign(A, KINDS, EMPTY, choice, [])[3] == Feed(B, Source.CAMERA)
    assert assign(C, KINDS, EMPTY, choice, [])[3] == Feed(A, Source.CAMERA)
