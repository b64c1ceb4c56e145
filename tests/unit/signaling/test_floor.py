"""The floor: everybody sees the same queue, the chair gives and takes, the microphone follows."""

from dataclasses import replace

import pytest

import sfu
from sfu import GateReason, Source
from signaling.model.ids import SessionId
from signaling.model.limits import DEFAULT
from signaling.model.words import FloorMode, Role, UnitKind, Why
from signaling.protocol import (
    Admit,
    ClientMessage,
    EndTurn,
    ExtendTurn,
    Floor,
    GoRound,
    HandChair,
    Invite,
    InviteNext,
    Kick,
    Knock,
    Leave,
    LowerHand,
    Mute,
    Progress,
    RaiseHand,
    RegisterSpeech,
    Return,
    SetRules,
    SetSource,
    Skip,
)
from signaling.room.state.effects import KeepRun, Media, Note, Refused
from signaling.room.state.inputs import Elapsed, Said
from tests.support.control_room import CHAIR, Scene, account

OFFICE = account("van-phong", unit="tchc")
NHI, NOI = account("nhi"), account("noi", unit="noi")
TA_PHIN, MA_QUAI = account("ta-phin", unit="ta-phin"), account("ma-quai", unit="ma-quai")
TECHNICIAN = account("ky-thuat", Role.TECHNICIAN, "tchc")


class Hall(Scene):
    """A meeting in the ordered mode."""

    def chair(self, mode: FloorMode = FloorMode.ORDERED) -> SessionId:
        chair = self.inside(CHAIR)
        self.say(chair, SetRules(mode=mode))
        return chair

    def floor(self, session: SessionId) -> Floor:
        return self.last(session, Floor)

    def queue(self, session: SessionId) -> list[str]:
        return [wish.participant for wish in self.floor(session).queue]

    def holders(self, session: SessionId) -> list[str]:
        return [turn.participant for turn in self.floor(session).turns]

    def microphone(self, session: SessionId) -> GateReason:
        return self.seat(session).gates.microphone


def test_hands_are_sorted_by_kind_of_unit_then_by_time_and_everybody_sees_the_same() -> None:
    scene = Hall()
    scene.chair()
    everybody = [scene.inside(who) for who in (MA_QUAI, NHI, TA_PHIN, OFFICE, NOI)]
    for session in everybody:
        scene.say(session, RaiseHand())
    station, department, second_station, office, second_department = (scene.id(s) for s in everybody)
    order = [office, department, second_department, station, second_station]
    for session in everybody:
        assert scene.queue(session) == order
        assert scene.floor(session).next == office


def test_the_chair_sets_the_order_of_kinds_and_a_kind_left_out_comes_last() -> None:
    scene = Hall()
    chair = scene.chair()
    office, department, station = (scene.inside(who) for who in (OFFICE, NHI, TA_PHIN))
    for session in (office, department, station):
        scene.say(session, RaiseHand())
    scene.say(chair, SetRules(order=(UnitKind.STATION, UnitKind.DEPARTMENT, UnitKind.STATION)))
    assert scene.queue(chair) == [scene.id(station), scene.id(department), scene.id(office)]
    order = (UnitKind.STATION, UnitKind.DEPARTMENT, UnitKind.BOARD, UnitKind.OFFICE)
    assert scene.floor(chair).order == order


def test_in_the_moderated_mode_hands_are_in_the_order_of_time() -> None:
    scene = Hall()
    chair = scene.chair(FloorMode.MODERATED)
    station, office = scene.inside(TA_PHIN), scene.inside(OFFICE)
    scene.say(station, RaiseHand())
    scene.say(office, RaiseHand())
    assert scene.queue(chair) == [scene.id(station), scene.id(office)]
    scene.say(chair, SetRules(mode=FloorMode.ORDERED))
    assert scene.queue(chair) == [scene.id(office), scene.id(station)]


def test_raising_a_hand_again_keeps_its_place_and_its_topic() -> None:
    scene = Hall()
    chair = scene.chair()
    first, second = scene.inside(NHI), scene.inside(NOI)
    scene.say(first, RaiseHand("Vắc-xin"))
    scene.say(second, RaiseHand())
    scene.say(first, RaiseHand())
    assert scene.queue(chair) == [scene.id(first), scene.id(second)]
    assert scene.floor(chair).queue[0].topic == "Vắc-xin"
    scene.say(first, RaiseHand("Sốt \u202exuất huyết"))
    assert scene.floor(chair).queue[0].topic == "Sốt xuất huyết"


def test_lowering_a_hand_leaves_the_queue() -> None:
    scene = Hall()
    chair, delegate = scene.chair(), scene.inside(NHI)
    scene.say(delegate, RaiseHand())
    scene.say(delegate, LowerHand())
    assert scene.queue(chair) == []
    scene.say(delegate, LowerHand())
    assert scene.effects == ()


def test_an_invitation_grants_the_right_and_the_person_presses() -> None:
    scene = Hall()
    chair, delegate = scene.chair(), scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, RaiseHand())
    scene.say(chair, InviteNext())
    assert scene.holders(chair) == [scene.id(delegate)]
    assert scene.endpoints[scene.id(delegate)][Source.MICROPHONE] is GateReason.SELF
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    assert scene.endpoints[scene.id(delegate)][Source.MICROPHONE] is GateReason.OPEN


def test_the_end_of_the_turn_shuts_the_microphone_with_floor() -> None:
    scene = Hall()
    chair, delegate = scene.chair(), scene.inside(NHI)
    scene.offer(delegate)
    scene.say(chair, Invite(scene.id(delegate)))
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    scene.say(chair, EndTurn())
    assert scene.endpoints[scene.id(delegate)][Source.MICROPHONE] is GateReason.FLOOR | GateReason.SELF
    assert scene.refused(delegate, SetSource(Source.MICROPHONE, True)) is Why.NO_FLOOR
    assert scene.holders(chair) == []


def test_in_the_open_mode_the_end_of_a_turn_shuts_the_microphone_with_self() -> None:
    scene = Hall()
    chair, delegate = scene.chair(FloorMode.OPEN), scene.inside(NHI)
    scene.say(chair, Invite(scene.id(delegate)))
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    scene.say(delegate, EndTurn())
    assert scene.microphone(delegate) is GateReason.SELF


def test_invite_next_ends_the_present_turn_and_takes_the_first_who_is_there() -> None:
    scene = Hall()
    chair = scene.chair()
    office, away, station = scene.inside(OFFICE), scene.inside(NHI), scene.inside(TA_PHIN)
    gone = scene.id(away)
    for session in (office, away, station):
        scene.say(session, RaiseHand())
    scene.drop(away)
    scene.say(chair, InviteNext())
    assert scene.holders(chair) == [scene.id(office)]
    scene.say(chair, InviteNext())
    assert scene.holders(chair) == [scene.id(station)]
    assert scene.queue(chair) == [gone]
    assert scene.refused(chair, InviteNext()) is Why.NOT_IN_QUEUE
    assert GateReason.FLOOR in scene.microphone(office)


def staged(scene: Hall, session: SessionId, message: ClientMessage) -> list[str | None]:
    """The endpoints that the media worker is told to keep on the stage after this message."""
    outcome = scene.apply(Said(session, message))
    assert not isinstance(outcome, Refused)
    commands = [effect.command for effect in outcome if isinstance(effect, Media)]
    return [command.endpoint for command in commands if isinstance(command, sfu.SetStage)]


def test_a_single_speaker_is_kept_on_the_stage() -> None:
    scene = Hall()
    chair = scene.chair()
    first, second = scene.inside(NHI), scene.inside(OFFICE)
    for session in (first, second):
        scene.offer(session)
    assert staged(scene, chair, Invite(scene.id(first))) == [scene.id(first)]
    assert staged(scene, chair, Invite(scene.id(second), dialogue=True)) == [
        None
    ]  # the stage follows the voices
    assert staged(scene, chair, EndTurn(scene.id(first))) == [scene.id(second)]
    assert staged(scene, chair, EndTurn()) == [None]


def test_two_can_have_the_floor_for_a_dialogue_and_no_third() -> None:
    scene = Hall()
    chair = scene.chair()
    one, two, three = (scene.inside(who) for who in (NHI, NOI, TA_PHIN))
    scene.say(chair, Invite(scene.id(one)))
    scene.say(chair, Invite(scene.id(two), dialogue=True))
    assert [turn.dialogue for turn in scene.floor(chair).turns] == [False, True]
    assert scene.refused(chair, Invite(scene.id(three), dialogue=True)) is Why.FLOOR_TAKEN
    assert scene.refused(chair, Invite(scene.id(two), dialogue=True)) is Why.FLOOR_TAKEN
    scene.say(chair, EndTurn(scene.id(one)))
    assert scene.holders(chair) == [scene.id(two)]


def test_inviting_one_of_two_speakers_alone_ends_the_others_turn() -> None:
    scene = Hall()
    chair = scene.chair()
    one, two = scene.inside(NHI), scene.inside(NOI)
    scene.say(chair, Invite(scene.id(one)))
    scene.say(chair, Invite(scene.id(two), dialogue=True))
    scene.say(chair, Invite(scene.id(two)))
    assert scene.holders(chair) == [scene.id(two)]
    scene.say(chair, Invite(scene.id(two)))
    assert scene.effects == ()


def test_a_speaker_who_was_muted_and_is_invited_again_may_speak() -> None:
    scene = Hall()
    chair, delegate = scene.chair(), scene.inside(NHI)
    scene.say(chair, Invite(scene.id(delegate)))
    scene.say(chair, Mute(scene.id(delegate)))
    assert scene.refused(delegate, SetSource(Source.MICROPHONE, True)) is Why.MUTED_BY_HOST
    scene.say(chair, Invite(scene.id(delegate)))
    scene.say(delegate, SetSource(Source.MICROPHONE, True))


def test_speakers_can_end_only_their_own_turn() -> None:
    scene = Hall()
    chair = scene.chair()
    one, two = scene.inside(NHI), scene.inside(NOI)
    scene.say(chair, Invite(scene.id(one)))
    assert scene.refused(two, EndTurn(scene.id(one))) is Why.NOT_ALLOWED
    assert scene.refused(two, EndTurn()) is Why.OUT_OF_ORDER
    assert scene.refused(one, RaiseHand()) is Why.OUT_OF_ORDER
    scene.say(one, EndTurn())
    assert scene.refused(chair, EndTurn()) is Why.OUT_OF_ORDER
    assert scene.refused(chair, EndTurn(scene.id(one))) is Why.OUT_OF_ORDER


def test_everybody_sees_the_time_of_a_turn_and_its_end_cuts_nobody_off() -> None:
    scene = Hall()
    chair, delegate = scene.chair(), scene.inside(NHI)
    scene.say(chair, SetRules(turn_s=180))
    scene.say(chair, Invite(scene.id(delegate)))
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    turn = scene.floor(delegate).turns[0]
    assert turn.until - turn.since == 180_000
    scene.wait(400)
    assert scene.microphone(delegate) is GateReason.OPEN
    scene.say(chair, ExtendTurn(scene.id(delegate), 120))
    assert scene.floor(delegate).turns[0].until == scene.now.unix_ms + 120_000
    scene.say(chair, ExtendTurn(scene.id(delegate), 60))
    assert scene.floor(delegate).turns[0].until == scene.now.unix_ms + 180_000


def test_extending_a_turn_is_bounded_and_needs_a_limit() -> None:
    scene = Hall()
    chair, delegate = scene.chair(), scene.inside(NHI)
    scene.say(chair, Invite(scene.id(delegate)))
    assert scene.refused(chair, ExtendTurn(scene.id(delegate), 60)) is Why.OUT_OF_ORDER
    scene.say(chair, EndTurn())
    scene.say(chair, SetRules(turn_s=60))
    scene.say(chair, Invite(scene.id(delegate)))
    for _ in range(10):
        scene.say(chair, ExtendTurn(scene.id(delegate), 3600))
    assert scene.floor(chair).turns[0].until == scene.now.unix_ms + 4 * 3_600_000


def test_a_skipped_participant_keeps_the_place_and_comes_back_to_it() -> None:
    scene = Hall()
    chair = scene.chair()
    first, second = scene.inside(NHI), scene.inside(NOI)
    scene.say(first, RaiseHand())
    scene.say(second, RaiseHand())
    scene.say(chair, Skip(scene.id(first)))
    floor = scene.floor(first)
    assert [(wish.participant, wish.skipped) for wish in floor.queue] == [
        (scene.id(first), True),
        (scene.id(second), False),
    ]
    assert floor.next == scene.id(second)
    scene.say(first, RaiseHand("xin nói"))
    assert scene.floor(chair).queue[0].skipped
    scene.say(chair, Return(scene.id(first)))
    assert scene.floor(chair).next == scene.id(first)


def test_somebody_who_is_not_in_the_queue_cannot_be_skipped_or_brought_back() -> None:
    scene = Hall()
    chair, delegate = scene.chair(), scene.inside(NHI)
    for message in (Skip(scene.id(delegate)), Return(scene.id(delegate)), Skip("p-nobody")):
        assert scene.refused(chair, message) is Why.NOT_IN_QUEUE


def test_a_speech_registered_in_the_green_room_joins_the_queue_on_admission() -> None:
    scene = Hall()
    chair, other = scene.chair(), scene.inside(NOI)
    early = scene.enter(NHI)
    scene.say(early, RegisterSpeech("Ca viêm phổi nặng"))
    scene.say(other, RaiseHand())
    assert scene.queue(chair) == [scene.id(other)]
    scene.drop(early)
    early = scene.enter(NHI)
    scene.say(early, Knock(None, "BS. Hoa"))
    scene.say(chair, Admit(scene.id(early)))
    assert scene.queue(chair) == [scene.id(early), scene.id(other)]
    wish = scene.floor(chair).queue[0]
    assert (wish.registered, wish.topic) == (True, "Ca viêm phổi nặng")


def test_a_registered_speech_has_a_topic_and_can_be_withdrawn_before_admission() -> None:
    scene = Hall()
    early = scene.enter(NHI)
    assert scene.refused(early, RegisterSpeech(" \u200b ")) is Why.REASON_MISSING
    scene.say(early, RegisterSpeech("Vắc-xin"))
    scene.say(early, LowerHand())
    assert scene.room.state.run.queue == ()


def test_the_go_round_invites_every_point_once_in_the_order_of_units() -> None:
    scene = Hall()
    chair = scene.chair()
    sessions = [scene.inside(who) for who in (TA_PHIN, NHI, OFFICE, NOI)]
    scene.say(chair, GoRound(True))
    order = [scene.id(sessions[n]) for n in (2, 1, 3, 0)]
    assert scene.queue(chair) == order
    for expected in order:
        scene.say(chair, InviteNext())
        assert scene.holders(chair) == [expected]
    assert scene.floor(chair).progress == (
        Progress(UnitKind.OFFICE, 1, 1),
        Progress(UnitKind.DEPARTMENT, 2, 2),
        Progress(UnitKind.STATION, 1, 1),
    )
    assert scene.refused(chair, InviteNext()) is Why.NOT_IN_QUEUE


def test_a_point_that_comes_late_joins_the_round_and_one_that_declined_does_not() -> None:
    scene = Hall()
    chair, department = scene.chair(), scene.inside(NHI)
    scene.say(chair, GoRound(True))
    scene.say(department, LowerHand())
    late = scene.inside(TA_PHIN)
    assert scene.queue(chair) == [scene.id(late)]
    scene.say(chair, GoRound(False))
    assert scene.queue(chair) == []


def test_hands_raised_before_the_round_stay_when_it_ends() -> None:
    scene = Hall()
    chair, asked, other = scene.chair(), scene.inside(NHI), scene.inside(NOI)
    scene.say(asked, RaiseHand())
    scene.say(chair, GoRound(True))
    scene.say(other, RaiseHand("cũng xin nói"))
    scene.say(chair, GoRound(False))
    assert scene.queue(chair) == [scene.id(asked), scene.id(other)]


@pytest.mark.parametrize("how", [Leave(), None])
def test_a_participant_who_goes_for_good_loses_turn_and_place(how: ClientMessage | None) -> None:
    scene = Hall()
    chair, holder, waiting = scene.chair(), scene.inside(NHI), scene.inside(NOI)
    scene.say(waiting, RaiseHand())
    scene.say(chair, Invite(scene.id(holder)))
    for session in (holder, waiting):
        if how is not None:
            scene.say(session, how)
        else:
            scene.say(chair, Kick(scene.id(session), "mất trật tự"))
    assert (scene.holders(chair), scene.queue(chair)) == ([], [])


def test_a_speaker_whose_line_is_lost_keeps_the_floor_until_the_seat_is_given_up() -> None:
    scene = Hall()
    chair, holder = scene.chair(), scene.inside(NHI)
    who = scene.id(holder)
    scene.say(chair, Invite(who))
    scene.drop(holder)
    assert scene.holders(chair) == [who]
    scene.wait(DEFAULT.seat_grace_s)
    assert scene.holders(chair) == []


def test_a_speaker_who_is_given_the_chair_can_go_on_speaking() -> None:
    scene = Hall()
    chair, holder = scene.chair(), scene.inside(NHI)
    scene.say(chair, Invite(scene.id(holder)))
    scene.say(holder, SetSource(Source.MICROPHONE, True))
    scene.say(chair, HandChair(scene.id(holder)))
    assert scene.holders(chair) == []
    assert scene.microphone(holder) is GateReason.OPEN


def test_neither_the_chair_nor_a_technician_who_may_not_listen_can_be_invited() -> None:
    scene = Hall()
    chair = scene.chair()
    technician = scene.inside(TECHNICIAN)
    assert scene.refused(chair, Invite(scene.id(chair))) is Why.NOT_ALLOWED
    assert scene.refused(chair, Invite(scene.id(technician))) is Why.NEEDS_PERMISSION
    assert scene.refused(technician, RaiseHand()) is Why.NEEDS_PERMISSION
    assert scene.refused(chair, Invite("p-nobody")) is Why.UNKNOWN_PARTICIPANT


def test_the_queue_is_bounded_for_the_go_round_as_well() -> None:
    scene = Hall(limits=replace(DEFAULT, queue=2))
    chair = scene.chair()
    for who in (NHI, NOI):
        scene.say(scene.inside(who), RaiseHand())
    third = scene.inside(TA_PHIN)
    assert scene.refused(third, RaiseHand()) is Why.QUEUE_FULL
    assert scene.refused(third, RegisterSpeech("Vắc-xin")) is Why.QUEUE_FULL
    scene.say(chair, GoRound(True))
    assert len(scene.queue(chair)) == 2


def test_the_floor_goes_on_after_a_restart_of_the_control_plane() -> None:
    before = Hall()
    chair, holder, waiting = before.chair(), before.inside(NHI), before.inside(NOI)
    before.say(waiting, RaiseHand("Vắc-xin"))
    before.say(chair, Invite(before.id(holder)))
    assert any(isinstance(effect, KeepRun) for effect in before.effects)
    after = before.restarted()
    after.apply(Elapsed())
    again = after.enter(CHAIR)
    floor = after.last(again, Floor)
    assert [turn.participant for turn in floor.turns] == [before.id(holder)]
    assert [wish.topic for wish in floor.queue] == ["Vắc-xin"]
    assert floor.mode is FloorMode.ORDERED


def test_the_log_says_who_invited_whom_and_how_long_the_turn_was() -> None:
    scene = Hall()
    chair, delegate = scene.chair(), scene.inside(NHI)
    scene.say(delegate, RaiseHand("Vắc-xin"))
    raised = next(effect for effect in scene.effects if isinstance(effect, Note))
    assert (raised.event, raised.actor, raised.words) == ("hand-raised", NHI.id, (("topic", "Vắc-xin"),))
    scene.say(chair, InviteNext())
    scene.now_s += 65
    scene.say(chair, EndTurn())
    ended = next(effect for effect in scene.effects if isinstance(effect, Note))
    assert (ended.event, ended.actor) == ("turn-ended", CHAIR.id)
    assert dict(ended.fields) == {"account": NHI.id, "participant": scene.id(delegate), "seconds": 65}


def test_a_delegate_cannot_change_the_queue() -> None:
    scene = Hall()
    scene.chair()
    one, two = scene.inside(NHI), scene.inside(NOI)
    for message in (InviteNext(), Invite(scene.id(two)), Skip(scene.id(two)), GoRound(True), SetRules()):
        assert scene.refused(one, message) is Why.NOT_ALLOWED
