"""A mute holds against everything but those who may lift it."""

import pytest

from sfu import GateReason, Source
from signaling.messages import Mute, MuteAll, Roster, SetSource, Unmute, Why
from tests.support.control_room import CHAIR, Scene, account

NHI, NOI = account("nhi"), account("noi", unit="noi")


def test_everyone_starts_with_everything_shut_by_themself() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    assert set(scene.endpoints[scene.id(delegate)].values()) == {GateReason.SELF}


@pytest.mark.parametrize("source", list(Source))
def test_the_own_button_opens_and_shuts_the_own_gate(source: Source) -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, SetSource(source, True))
    assert scene.endpoints[scene.id(delegate)][source] is GateReason.OPEN
    scene.say(delegate, SetSource(source, False))
    assert scene.endpoints[scene.id(delegate)][source] is GateReason.SELF


@pytest.mark.parametrize("source", list(Source))
def test_the_own_button_never_lifts_a_host_mute(source: Source) -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, SetSource(source, True))
    scene.say(operator, Mute(scene.id(delegate), source))
    scene.say(delegate, SetSource(source, False))
    assert scene.refused(delegate, SetSource(source, True)) is Why.MUTED_BY_HOST
    assert GateReason.HOST in scene.endpoints[scene.id(delegate)][source]


def test_lifting_a_mute_opens_nobodys_microphone_but_lets_its_person_do_it() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    scene.say(operator, Mute(scene.id(delegate)))
    scene.say(operator, Unmute(scene.id(delegate)))
    assert scene.endpoints[scene.id(delegate)][Source.MICROPHONE] is GateReason.SELF
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    assert scene.endpoints[scene.id(delegate)][Source.MICROPHONE] is GateReason.OPEN


def test_a_delegate_mutes_nobody() -> None:
    scene = Scene()
    delegate, other = scene.inside(NHI), scene.inside(NOI)
    for message in (Mute(scene.id(other)), Unmute(scene.id(other)), MuteAll()):
        assert scene.refused(delegate, message) is Why.NOT_ALLOWED


def test_mute_all_spares_the_chair_and_reaches_those_who_are_away() -> None:
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
    shut = GateReason.HOST | GateReason.SELF
    assert gates == {"operator": shut, "chair": GateReason.OPEN, "nhi": shut, "noi": shut}


def test_the_roster_names_the_reasons() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.say(operator, Mute(scene.id(delegate)))
    view = next(p for p in scene.last(operator, Roster).participants if p.id == scene.id(delegate))
    assert (view.microphone.gate, view.camera.gate) == (("self", "host"), ("self",))


def test_there_is_one_screen_at_a_time() -> None:
    scene = Scene()
    first, second = scene.inside(NHI), scene.inside(NOI)
    scene.say(first, SetSource(Source.SCREEN, True))
    assert scene.refused(second, SetSource(Source.SCREEN, True)) is Why.SCREEN_TAKEN
    scene.say(first, SetSource(Source.SCREEN, False))
    scene.say(second, SetSource(Source.SCREEN, True))


def test_a_screen_whose_holder_lost_the_line_goes_to_who_asks() -> None:
    scene = Scene()
    first, second = scene.inside(NHI), scene.inside(NOI)
    scene.offer(first)
    scene.say(first, SetSource(Source.SCREEN, True))
    scene.drop(first)
    scene.say(second, SetSource(Source.SCREEN, True))
    assert scene.endpoints[scene.id(first)][Source.SCREEN] is GateReason.SELF


def test_a_muted_screen_is_free_for_others_and_does_not_come_back_by_itself() -> None:
    scene = Scene()
    operator, first, second = scene.operator(), scene.inside(NHI), scene.inside(NOI)
    scene.say(first, SetSource(Source.SCREEN, True))
    scene.say(operator, Mute(scene.id(first), Source.SCREEN))
    scene.say(second, SetSource(Source.SCREEN, True))
    scene.say(operator, Unmute(scene.id(first), Source.SCREEN))
    assert scene.seat(first).gates.screen is GateReason.SELF


def test_pressing_twice_is_pressing_once() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, SetSource(Source.CAMERA, True))
    scene.say(delegate, SetSource(Source.CAMERA, True))
    assert scene.effects == ()
