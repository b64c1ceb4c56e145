"""Offers, answers, slots, speakers, send plans and the quality of a line."""

import pytest

import sfu
from sfu import Failure, Source
from signaling.model.ids import SessionId
from signaling.model.words import Why
from signaling.protocol import (
    Answer,
    MediaLost,
    Offer,
    OwnLine,
    Refusal,
    Roster,
    SendPlan,
    Show,
    Slots,
    Speakers,
    TileWish,
)
from signaling.protocol.line_views import Quality
from signaling.room.rules.quality import word
from signaling.room.state.effects import Media, Negotiate
from tests.support.control_room import SLOTS, Scene, account

NHI, NOI = account("nhi"), account("noi", unit="noi")


def test_the_answer_comes_with_the_slots_and_the_speakers() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    assert scene.last(delegate, Answer) == Answer("v=0 answer", False)
    assert [slot.mid for slot in scene.last(delegate, Slots).slots] == ["3", "6"]
    assert scene.last(delegate, Speakers) == Speakers((), None)


def test_slots_that_are_filled_before_the_answer_are_sent_after_it() -> None:
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


def test_a_bad_offer_is_refused_and_leaves_the_media_that_was_there() -> None:
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


def test_an_account_that_offers_without_end_is_refused_also_when_it_connects_again() -> None:
    scene = Scene()
    delegate, other = scene.inside(NHI), scene.inside(NOI)
    for _ in range(scene.limits.offers_at_once):
        scene.offer(delegate)
    assert scene.refused(delegate, Offer("v=0")) is Why.TOO_FAST
    scene.drop(delegate)
    again = scene.enter(NHI)
    assert scene.refused(again, Offer("v=0")) is Why.TOO_FAST
    scene.offer(other)
    assert scene.heard(other, Answer)
    scene.wait(scene.limits.offer_every_s)
    scene.offer(again)
    assert scene.heard(again, Answer)


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


def test_tiles_show_people_inside_and_are_asked_for_again_with_a_new_endpoint() -> None:
    scene = Scene()
    delegate, other = scene.inside(NHI), scene.inside(NOI)
    wished = tuple(TileWish(name, height) for name, height in ((scene.id(other), 180), ("p-gone", 90)))
    scene.say(delegate, Show((*wished, TileWish(scene.id(other), 720)), 480, 0))
    scene.say(delegate, Offer("v=0"))
    (command,) = (effect.command for effect in scene.effects if isinstance(effect, Media))
    tiles = (sfu.TileWish(scene.endpoint(other), 180),)
    assert command == sfu.Show(scene.endpoint(delegate), tiles, 480, 0)


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


def test_one_bad_report_changes_nothing_but_two_do() -> None:
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


def test_the_worse_direction_decides_the_word() -> None:
    def of(rtt_ms: int, up: int, down: int, queue_ms: int = 0) -> Quality:
        return word(sfu.LineReport(sfu.EndpointId("p"), rtt_ms, up, down, 0, 0, queue_ms=queue_ms))

    assert of(-1, 0, 0) is of(300, 30, 30) is of(80, 0, 0, 150) is Quality.GOOD
    assert of(301, 0, 0) is of(0, 0, 31) is of(700, 100, 0) is of(80, 0, 0, 151) is Quality.FAIR
    assert of(701, 0, 0) is of(0, 101, 0) is of(0, 0, 101) is of(80, 0, 0, 401) is Quality.POOR


@pytest.mark.parametrize(
    ("estimate_bps", "pictures", "expected"),
    [
        (-1, sfu.Pictures.ALL, Quality.GOOD),
        (160_000, sfu.Pictures.ALL, Quality.GOOD),
        (159_999, sfu.Pictures.ALL, Quality.POOR),
        (900_000, sfu.Pictures.SOME, Quality.FAIR),
        (900_000, sfu.Pictures.NONE, Quality.POOR),
    ],
)
def test_a_line_that_cannot_carry_a_voice_and_a_picture_is_poor(
    estimate_bps: int, pictures: sfu.Pictures, expected: Quality
) -> None:
    report = sfu.LineReport(sfu.EndpointId("p"), 80, 0, 0, 0, 0, estimate_bps, 0, pictures)
    assert word(report) is expected


def test_strangers_are_not_named_as_speakers() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    me, ghost = scene.endpoint(delegate), sfu.EndpointId("p-ghost")
    scene.report(sfu.SpeakersChanged(sfu.RoomId("giao-ban"), (ghost, me), ghost))
    assert scene.last(delegate, Speakers) == Speakers((me,), None)


def plan(scene: Scene, session: SessionId, *camera: str) -> sfu.SendPlan:
    return sfu.SendPlan(scene.endpoint(session), camera, (), red=False)


def test_a_send_plan_is_sent_only_to_its_own_sender() -> None:
    scene = Scene()
    delegate, other = scene.inside(NHI), scene.inside(NOI)
    scene.offer(delegate)
    scene.report(plan(scene, delegate, "q", "h"))
    assert scene.last(delegate, SendPlan) == SendPlan(("q", "h"), (), False)
    assert not scene.heard(other, SendPlan)


def test_a_plan_made_before_the_answer_is_sent_after_it_and_again_to_a_page_that_comes_back() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.say(delegate, Offer("v=0"))
    negotiation = scene.effects
    scene.report(plan(scene, delegate, "q"))
    assert not scene.heard(delegate, SendPlan)
    scene.effects = negotiation
    scene.answer(delegate, sfu.Opened("v=0 answer", SLOTS))
    kinds = [type(message) for message in scene.told[delegate]]
    assert kinds.index(Answer) < kinds.index(SendPlan)
    scene.drop(delegate)
    again = scene.enter(NHI, resume=delegate)
    assert scene.last(again, SendPlan) == SendPlan(("q",), (), False)


def test_a_new_transport_sends_everything_until_it_has_a_plan_of_its_own() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    scene.report(plan(scene, delegate, "q"))
    scene.forget()
    scene.offer(delegate)
    assert not scene.heard(delegate, SendPlan)


def test_a_picture_that_the_line_cannot_carry_is_marked_as_held() -> None:
    scene = Scene()
    delegate, other = scene.inside(NHI), scene.inside(NOI)
    scene.offer(delegate)
    view = sfu.SlotView("6", sfu.SlotKind.STAGE, scene.endpoint(other), Source.CAMERA, held=True)
    scene.report(sfu.SlotsChanged(scene.endpoint(delegate), (view,)))
    (slot,) = scene.last(delegate, Slots).slots
    assert slot.held


def test_everyone_is_sent_only_their_own_line() -> None:
    scene = Scene()
    delegate, other = scene.inside(NHI), scene.inside(NOI)
    scene.offer(delegate)
    me = scene.endpoint(delegate)
    some = sfu.Pictures.SOME
    scene.report(sfu.LineReport(me, 212, 40, 12, 148_400, 300_600, 339_999, 35, some, "udp"))
    line = scene.last(delegate, OwnLine).line
    assert (line.path, line.rtt_ms, line.loss_up, line.loss_down) == ("udp", 212, 40, 12)
    assert (line.up_kbps, line.down_kbps, line.estimate_kbps, line.queue_ms) == (148, 301, 340, 35)
    assert (line.quality, line.pictures) == (Quality.UNKNOWN, some)
    scene.report(sfu.LineReport(me, 212, 40, 12, 0, 0))
    assert scene.last(delegate, OwnLine).line.quality is Quality.FAIR
    assert scene.last(delegate, OwnLine).line.estimate_kbps == -1
    assert not scene.heard(other, OwnLine)


def test_the_own_line_is_told_when_its_word_changes_and_its_figures_now_and_then() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    for second in range(0, 31, 2):
        scene.now_s = 2000.0 + second
        scene.report(sfu.LineReport(scene.endpoint(delegate), 20 + second, 0, 0, 640_000, 1_210_000))
    told = [message.line for message in scene.heard(delegate, OwnLine)]
    assert [line.rtt_ms for line in told] == [20, 22, 32, 42]
    assert [line.quality for line in told[:2]] == [Quality.UNKNOWN, Quality.GOOD]
    scene.forget()
    for second in (1, 3):
        scene.now_s = 2030.0 + second
        scene.report(sfu.LineReport(scene.endpoint(delegate), 900, 0, 0, 640_000, 1_210_000))
    assert scene.last(delegate, OwnLine).line.quality is Quality.POOR


def test_a_page_that_comes_back_is_told_its_line_with_the_next_report() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    report = sfu.LineReport(scene.endpoint(delegate), 20, 0, 0, 640_000, 1_210_000)
    for _ in range(2):
        scene.report(report)
    scene.drop(delegate)
    again = scene.enter(NHI, delegate)
    scene.report(report)
    assert scene.last(again, OwnLine).line.quality is Quality.GOOD
