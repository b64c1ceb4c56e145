"""A mute holds until somebody lifts it who may."""

import pytest

from sfu import GateReason, Source
from signaling.model.words import FloorMode, Why
from signaling.protocol import HandChair, Invite, Leave, Mute, MuteAll, Roster, SetRules, SetSource, Unmute
from tests.support.control_room import CHAIR, Scene, account

NHI, NOI = account("nhi"), account("noi", unit="noi")
SHUT = GateReason.HOST | GateReason.SELF


def free_screens() -> Scene:
    """A meeting in which nobody needs permission to share."""
    scene = Scene()
    scene.say(scene.inside(CHAIR), SetRules(screen_by_permission=False))
    return scene


def test_everyone_starts_with_everything_shut_by_self_and_the_screen_by_permission() -> None:
    scene = Scene()
    delegate, operator = scene.inside(NHI), scene.operator()
    scene.offer(delegate)
    scene.offer(operator)
    gates = scene.endpoints[scene.id(delegate)]
    assert gates == {
        Source.MICROPHONE: GateReason.SELF,
        Source.CAMERA: GateReason.SELF,
        Source.SCREEN: SHUT,
    }
    assert set(scene.endpoints[scene.id(operator)].values()) == {GateReason.SELF}


def test_before_admission_and_after_leaving_every_gate_has_its_own_reason() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    waiting = scene.enter(NOI)
    assert all(GateReason.LOBBY in gate for gate in scene.seat(waiting).gates.every().values())
    scene.say(delegate, Leave())
    gone = scene.room.state.seats[NHI.id]
    assert all(GateReason.LEFT in gate for gate in gone.gates.every().values())
    again = scene.inside(NHI)
    assert scene.seat(again).gates.microphone is GateReason.SELF


@pytest.mark.parametrize("source", list(Source))
def test_a_persons_button_opens_and_shuts_their_own_gate(source: Source) -> None:
    scene = free_screens()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, SetSource(source, True))
    assert scene.endpoints[scene.id(delegate)][source] is GateReason.OPEN
    scene.say(delegate, SetSource(source, False))
    assert scene.endpoints[scene.id(delegate)][source] is GateReason.SELF


@pytest.mark.parametrize("source", list(Source))
def test_a_persons_button_never_lifts_a_host_mute(source: Source) -> None:
    scene = free_screens()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, SetSource(source, True))
    scene.say(operator, Mute(scene.id(delegate), source))
    scene.say(delegate, SetSource(source, False))
    assert scene.refused(delegate, SetSource(source, True)) is Why.MUTED_BY_HOST
    assert GateReason.HOST in scene.endpoints[scene.id(delegate)][source]


def test_a_soft_mute_shuts_and_the_person_can_open_again() -> None:
    scene = Scene()
    chair, delegate = scene.inside(CHAIR), scene.inside(NHI)
    scene.say(chair, SetRules(hard_mute=False))
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    scene.say(scene.operator(), Mute(scene.id(delegate)))
    assert scene.seat(delegate).gates.microphone is GateReason.SELF
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    assert scene.seat(delegate).gates.microphone is GateReason.OPEN


def test_turning_hard_mutes_off_lifts_the_ones_there_are() -> None:
    scene = Scene()
    chair, delegate = scene.inside(CHAIR), scene.inside(NHI)
    scene.say(chair, MuteAll())
    scene.say(chair, SetRules(hard_mute=False))
    assert scene.seat(delegate).gates.microphone is GateReason.SELF
    assert GateReason.HOST in scene.seat(delegate).gates.screen


def test_lifting_a_mute_opens_no_microphone_but_lets_its_person_do_it() -> None:
    scene = Scene()
    chair, delegate = scene.inside(CHAIR), scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    scene.say(scene.operator(), Mute(scene.id(delegate)))
    scene.say(chair, Unmute(scene.id(delegate)))
    assert scene.endpoints[scene.id(delegate)][Source.MICROPHONE] is GateReason.SELF
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    assert scene.endpoints[scene.id(delegate)][Source.MICROPHONE] is GateReason.OPEN


def test_an_operator_can_lift_a_mute_only_while_no_chair_is_there() -> None:
    scene = Scene()
    operator, chair, delegate = scene.operator(), scene.inside(CHAIR), scene.inside(NHI)
    scene.say(operator, Mute(scene.id(delegate)))
    assert scene.refused(operator, Unmute(scene.id(delegate))) is Why.NEEDS_CHAIR
    scene.drop(chair)
    scene.say(operator, Unmute(scene.id(delegate)))
    assert scene.seat(delegate).gates.microphone is GateReason.SELF


def test_a_muted_chair_can_open_its_own_microphone() -> None:
    scene = Scene()
    operator, chair = scene.operator(), scene.inside(CHAIR)
    scene.say(operator, Mute(scene.id(chair)))
    assert scene.seat(chair).gates.microphone == SHUT
    scene.say(chair, SetSource(Source.MICROPHONE, True))
    assert scene.seat(chair).gates.microphone is GateReason.OPEN


def test_a_delegate_cannot_mute_anybody() -> None:
    scene = Scene()
    delegate, other = scene.inside(NHI), scene.inside(NOI)
    for message in (Mute(scene.id(other)), Unmute(scene.id(other)), MuteAll()):
        assert scene.refused(delegate, message) is Why.NOT_ALLOWED


def test_mute_all_spares_the_chair_and_reaches_people_who_are_away() -> None:
    scene = Scene()
    operator, chair, here, away = (
        scene.operator(),
        scene.inside(CHAIR),
        scene.inside(NHI),
        scene.inside(NOI),
    )
    for session in (operator, chair, here, away):
        scene.say(session, SetSource(Source.MICROPHONE, True))
    scene.drop(away)
    scene.say(chair, MuteAll())
    gates = {seat.account.id: seat.gates.microphone for seat in scene.room.state.admitted()}
    assert gates == {"operator": SHUT, "chair": GateReason.OPEN, "nhi": SHUT, "noi": SHUT}


def test_the_roster_names_the_reasons() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.say(operator, Mute(scene.id(delegate)))
    view = next(p for p in scene.last(operator, Roster).participants if p.id == scene.id(delegate))
    assert (view.microphone.gate, view.camera.gate) == (("self", "host"), ("self",))


# --- FLOOR ---


@pytest.mark.parametrize("mode", [FloorMode.MODERATED, FloorMode.ORDERED])
def test_outside_the_open_mode_only_the_chair_speaks_without_the_floor(mode: FloorMode) -> None:
    scene = Scene()
    chair, operator, delegate = scene.inside(CHAIR), scene.operator(), scene.inside(NHI)
    for session in (chair, operator, delegate):
        scene.offer(session)
        scene.say(session, SetSource(Source.MICROPHONE, True))
    scene.say(chair, SetRules(mode=mode))
    waits = GateReason.FLOOR | GateReason.SELF
    gates = {who: scene.endpoints[scene.id(who)][Source.MICROPHONE] for who in (chair, operator, delegate)}
    assert gates == {chair: GateReason.OPEN, operator: waits, delegate: waits}
    assert scene.refused(delegate, SetSource(Source.MICROPHONE, True)) is Why.NO_FLOOR
    scene.say(delegate, SetSource(Source.CAMERA, True))


def test_a_participant_who_comes_in_later_waits_for_the_floor_from_the_first_packet() -> None:
    scene = Scene()
    scene.say(scene.inside(CHAIR), SetRules(mode=FloorMode.MODERATED))
    late = scene.inside(NHI)
    scene.offer(late)
    assert GateReason.FLOOR in scene.endpoints[scene.id(late)][Source.MICROPHONE]


def test_back_in_the_open_mode_no_microphone_opens_by_itself() -> None:
    scene = Scene()
    chair, delegate = scene.inside(CHAIR), scene.inside(NHI)
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    scene.say(chair, SetRules(mode=FloorMode.MODERATED))
    scene.say(chair, SetRules(mode=FloorMode.OPEN))
    assert scene.seat(delegate).gates.microphone is GateReason.SELF


def test_an_invitation_lifts_a_host_mute_and_a_mute_holds_against_the_floor() -> None:
    scene = Scene()
    chair, delegate = scene.inside(CHAIR), scene.inside(NHI)
    scene.say(chair, SetRules(mode=FloorMode.MODERATED))
    scene.say(chair, Mute(scene.id(delegate)))
    scene.say(chair, Invite(scene.id(delegate)))
    assert scene.seat(delegate).gates.microphone is GateReason.SELF
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    scene.say(scene.operator(), Mute(scene.id(delegate)))
    assert scene.refused(delegate, SetSource(Source.MICROPHONE, True)) is Why.MUTED_BY_HOST


# --- screens ---


def test_there_is_one_screen_at_a_time() -> None:
    scene = free_screens()
    first, second = scene.inside(NHI), scene.inside(NOI)
    scene.say(first, SetSource(Source.SCREEN, True))
    assert scene.refused(second, SetSource(Source.SCREEN, True)) is Why.SCREEN_TAKEN
    scene.say(first, SetSource(Source.SCREEN, False))
    scene.say(second, SetSource(Source.SCREEN, True))


def test_the_screen_of_a_participant_who_is_offline_goes_to_the_next_who_asks() -> None:
    scene = free_screens()
    first, second = scene.inside(NHI), scene.inside(NOI)
    scene.offer(first)
    scene.say(first, SetSource(Source.SCREEN, True))
    scene.drop(first)
    scene.say(second, SetSource(Source.SCREEN, True))
    assert scene.endpoints[scene.id(first)][Source.SCREEN] is GateReason.SELF


def test_a_muted_screen_is_free_for_others_and_does_not_come_back_by_itself() -> None:
    scene = free_screens()
    chair, first, second = scene.enter(CHAIR), scene.inside(NHI), scene.inside(NOI)
    scene.say(first, SetSource(Source.SCREEN, True))
    scene.say(scene.operator(), Mute(scene.id(first), Source.SCREEN))
    scene.say(second, SetSource(Source.SCREEN, True))
    scene.say(chair, Unmute(scene.id(first), Source.SCREEN))
    assert scene.seat(first).gates.screen is GateReason.SELF


def test_a_delegate_shares_by_permission_one_share_at_a_time() -> None:
    scene = Scene()
    chair, delegate = scene.inside(CHAIR), scene.inside(NHI)
    assert scene.refused(delegate, SetSource(Source.SCREEN, True)) is Why.NEEDS_PERMISSION
    scene.say(chair, Unmute(scene.id(delegate), Source.SCREEN))
    scene.say(delegate, SetSource(Source.SCREEN, True))
    scene.say(delegate, SetSource(Source.SCREEN, False))
    assert scene.refused(delegate, SetSource(Source.SCREEN, True)) is Why.NEEDS_PERMISSION


def test_staff_can_share_without_asking() -> None:
    scene = Scene()
    operator = scene.operator()
    scene.say(operator, SetSource(Source.SCREEN, True))
    assert scene.seat(operator).gates.screen is GateReason.OPEN


def test_a_share_that_is_on_when_the_rule_comes_is_not_cut_but_cannot_be_repeated() -> None:
    scene = free_screens()
    chair, delegate = scene.enter(CHAIR), scene.inside(NHI)
    scene.say(delegate, SetSource(Source.SCREEN, True))
    scene.say(chair, SetRules(screen_by_permission=True))
    assert scene.seat(delegate).gates.screen is GateReason.OPEN
    scene.say(delegate, SetSource(Source.SCREEN, False))
    assert scene.refused(delegate, SetSource(Source.SCREEN, True)) is Why.NEEDS_PERMISSION


def test_another_device_of_the_account_does_not_inherit_the_permission_that_was_used() -> None:
    scene = Scene()
    chair, delegate = scene.inside(CHAIR), scene.inside(NHI)
    scene.say(chair, Unmute(scene.id(delegate), Source.SCREEN))
    scene.say(delegate, SetSource(Source.SCREEN, True))
    other = scene.enter(NHI)
    assert scene.seat(other).gates.screen == SHUT


def test_a_new_chair_needs_no_permission_and_the_chair_who_left_it_does() -> None:
    scene = Scene()
    chair, delegate = scene.inside(CHAIR), scene.inside(NHI)
    scene.say(chair, HandChair(scene.id(delegate)))
    assert scene.seat(delegate).gates.screen is GateReason.SELF
    assert scene.refused(chair, SetSource(Source.SCREEN, True)) is Why.NEEDS_PERMISSION


def test_pressing_twice_is_pressing_once() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, SetSource(Source.CAMERA, True))
    scene.say(delegate, SetSource(Source.CAMERA, True))
    assert scene.effects == ()
