"""Offers, answers, slots, speakers and the quality of a line."""

import sfu
from sfu import Failure, Source
from signaling.effects import Media, Negotiate
from signaling.messages import (
    Answer,
    MediaLost,
    Offer,
    Quality,
    Refusal,
    Roster,
    ShowTiles,
    Slots,
    Speakers,
    Why,
)
from signaling.roster import quality
from tests.support.control_room import SLOTS, Scene, account

NHI, NOI = account("nhi"), account("noi", unit="noi")


def test_the_answer_comes_with_the_slots_and_who_speaks() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    assert scene.last(delegate, Answer) == Answer("v=0 answer", False)
    assert [slot.mid for slot in scene.last(delegate, Slots).slots] == ["3", "6"]
    assert scene.last(delegate, Speakers) == Speakers((), None)


def test_slots_that_are_filled_before_the_answer_are_told_after_it() -> None:
    scene = Scene()
    delegate, other = scene.inside(NHI), scene.inside(NOI)
    scene.say(delegate, Offer("v=0"))
    negotiation = scene.effects
    view = sfu.SlotView("6", sfu.SlotKind.STAGE, scene.endpoint(other), Source.CAMERA)
    scene.report(sfu.SlotsChanged(scene.endpoint(delegate), (view,)))
    assert not scene.heard(delegate, Slots)
    scene.effects = negotiation
    scene.answer(delegate, sfu.Opened("v=0 answer", SLOTS))
    (slot,) = scene.last(delegate, Slots).slots
    assert slot.participant == scene.id(other)


def test_nonsense_is_refused_and_leaves_the_media_that_was_there() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, Offer("nonsense"))
    scene.answer(delegate, sfu.Failed(Failure.BAD_OFFER))
    assert scene.last(delegate, Refusal) == Refusal("offer", Why.BAD_OFFER)
    assert scene.seat(delegate).offered


def test_an_offer_that_no_worker_takes_is_made_again_when_one_is_back() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.say(delegate, Offer("v=0"))
    scene.answer(delegate, None)
    assert scene.last(delegate, Refusal) == Refusal("offer", Why.MEDIA_UNAVAILABLE)
    scene.worker_restarts()
    assert scene.heard(delegate, MediaLost)


def test_an_answer_and_a_refusal_name_the_offer_they_are_for() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.say(delegate, Offer("v=0", id=7))
    scene.answer(delegate, sfu.Opened("v=0 answer", ()))
    assert scene.last(delegate, Answer).to == 7
    scene.say(delegate, Offer("nonsense", id=8))
    scene.answer(delegate, sfu.Failed(sfu.Failure.BAD_OFFER))
    assert scene.last(delegate, Refusal).to == 8


def test_an_ice_restart_keeps_the_endpoint_and_needs_one() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.say(delegate, Offer("v=0", restart=True))
    assert scene.heard(delegate, MediaLost)
    scene.offer(delegate)
    scene.say(delegate, Offer("v=0", restart=True))
    (negotiation,) = (effect for effect in scene.effects if isinstance(effect, Negotiate))
    assert isinstance(negotiation.command, sfu.RestartEndpoint)


def test_tiles_are_of_people_inside_and_are_wished_again_with_a_new_endpoint() -> None:
    scene = Scene()
    delegate, other = scene.inside(NHI), scene.inside(NOI)
    scene.say(delegate, ShowTiles((scene.id(other), "p-gone", scene.id(other))))
    scene.say(delegate, Offer("v=0"))
    (command,) = (effect.command for effect in scene.effects if isinstance(effect, Media))
    assert command == sfu.ShowTiles(scene.endpoint(delegate), (scene.endpoint(other),))


def test_what_flows_and_what_is_lost_is_in_the_roster() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.offer(delegate)
    me = scene.endpoint(delegate)
    scene.report(sfu.FlowChanged(me, Source.CAMERA, True))
    assert scene.last(operator, Roster).participants[1].camera.flowing
    scene.report(sfu.EndpointChanged(me, sfu.EndpointState.LOST))
    view = scene.last(operator, Roster).participants[1]
    assert (view.camera.flowing, view.quality) == (False, Quality.POOR)
    scene.report(sfu.EndpointChanged(me, sfu.EndpointState.CONNECTED, "udp"))
    assert scene.last(operator, Roster).participants[1].camera.flowing


def test_one_bad_report_is_no_weather_but_two_are() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.offer(delegate)

    def report(loss_permille: int) -> Quality:
        scene.report(sfu.LineReport(scene.endpoint(delegate), 80, loss_permille, 0, 0, 0))
        return scene.last(operator, Roster).participants[1].quality

    assert [report(0), report(0), report(200), report(0), report(200), report(200)] == [
        Quality.UNKNOWN,
        Quality.GOOD,
        Quality.GOOD,
        Quality.GOOD,
        Quality.GOOD,
        Quality.POOR,
    ]


def test_the_worse_direction_makes_the_word() -> None:
    assert quality(-1, 0, 0) is Quality.GOOD
    assert quality(300, 30, 30) is Quality.GOOD
    assert quality(301, 0, 0) is quality(0, 0, 31) is quality(700, 100, 0) is Quality.FAIR
    assert quality(701, 0, 0) is quality(0, 101, 0) is quality(0, 0, 101) is Quality.POOR


def test_strangers_are_not_named_as_speakers() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    me, ghost = scene.endpoint(delegate), sfu.EndpointId("p-ghost")
    scene.report(sfu.SpeakersChanged(sfu.RoomId("giao-ban"), (ghost, me), ghost))
    assert scene.last(delegate, Speakers) == Speakers((me,), None)
