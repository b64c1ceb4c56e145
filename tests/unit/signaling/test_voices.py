"""What the server hears: talk time, a silent speaker, noise, talking with a shut microphone."""

import sfu
from signaling.model.ids import SessionId
from signaling.protocol import EndTurn, Floor, Hint, Invite, Leave, TalkTime, Voices
from tests.support.control_room import CHAIR, MEETING, Scene, account

NHI, NOI = account("nhi"), account("noi", unit="noi")


class Hall(Scene):
    def point(self, login: str, unit: str) -> SessionId:
        session = self.inside(account(login, unit=unit))
        self.offer(session)
        return session

    def hears(
        self, *speaking: SessionId, noisy: tuple[SessionId, ...] = (), shut: tuple[SessionId, ...] = ()
    ) -> None:
        names = [tuple(self.endpoint(one) for one in who) for who in (speaking, noisy, shut)]
        self.report(sfu.VoicesChanged(sfu.RoomId(MEETING.code), *names))

    def silent(self, session: SessionId) -> list[bool]:
        return [turn.silent for turn in self.last(session, Floor).turns]


def test_talk_time_is_counted_and_sent_only_to_staff() -> None:
    scene = Hall()
    chair, one, two = scene.inside(CHAIR), scene.point("nhi", "nhi"), scene.point("noi", "noi")
    scene.hears(one)
    scene.now_s += 4
    scene.hears(one, two)
    scene.now_s += 3
    scene.hears(two)
    scene.wait(3)
    times = {time.participant: time for time in scene.last(chair, Voices).times}
    assert times == {
        scene.id(one): TalkTime(scene.id(one), "nhi", 7),
        scene.id(two): TalkTime(scene.id(two), "noi", 6),
    }
    assert scene.heard(one, Voices) == []


def test_a_long_speech_is_counted_every_ten_seconds() -> None:
    scene = Hall()
    chair, one = scene.inside(CHAIR), scene.point("nhi", "nhi")
    scene.hears(one)
    for tens in range(1, 4):
        deadline = scene.room.next_deadline()
        assert deadline == scene.now_s + 10
        scene.wait(10)
        assert scene.last(chair, Voices).times[0].seconds == 10 * tens


def test_talk_time_before_leaving_counts() -> None:
    scene = Hall()
    chair, one = scene.inside(CHAIR), scene.point("nhi", "nhi")
    who = scene.id(one)
    scene.hears(one)
    scene.now_s += 5
    scene.say(one, Leave())
    scene.wait(30)
    assert [(time.participant, time.seconds) for time in scene.last(chair, Voices).times] == [(who, 5)]


def test_when_a_worker_dies_nobody_goes_on_speaking_for_ever() -> None:
    scene = Hall()
    chair, one = scene.inside(CHAIR), scene.point("nhi", "nhi")
    scene.hears(one, noisy=(one,))
    scene.now_s += 2
    scene.worker_restarts()
    scene.wait(60)
    voices = scene.last(chair, Voices)
    assert (voices.noisy, voices.times[0].seconds) == ((), 2)


def test_a_speaker_who_is_not_heard_for_twenty_seconds_is_shown_as_silent() -> None:
    scene = Hall()
    chair, one = scene.inside(CHAIR), scene.point("nhi", "nhi")
    scene.say(chair, Invite(scene.id(one)))
    assert scene.room.next_deadline() == scene.now_s + 20
    scene.wait(19)
    assert scene.silent(chair) == [False]
    scene.wait(1)
    assert scene.silent(chair) == [True]
    scene.hears(one)
    assert scene.silent(chair) == [False]
    scene.wait(60)
    assert scene.silent(chair) == [False]
    scene.hears()
    scene.wait(19)
    assert scene.silent(chair) == [False]
    scene.wait(1)
    assert scene.silent(one) == [True]
    scene.say(chair, EndTurn())
    assert scene.silent(chair) == []


def test_noise_is_sent_to_staff_at_once_and_to_people_who_become_staff() -> None:
    scene = Hall()
    chair, one = scene.inside(CHAIR), scene.point("nhi", "nhi")
    scene.hears(noisy=(one,))
    assert scene.last(chair, Voices).noisy == (scene.id(one),)
    assert scene.last(scene.operator(), Voices).noisy == (scene.id(one),)
    scene.hears()
    assert scene.last(chair, Voices).noisy == ()


def test_only_the_person_who_speaks_with_a_shut_microphone_gets_a_hint() -> None:
    scene = Hall()
    chair, one = scene.inside(CHAIR), scene.point("nhi", "nhi")
    scene.hears(shut=(one,))
    assert [hint.speaking_muted for hint in scene.heard(one, Hint)] == [True]
    scene.hears(shut=(one,))
    scene.hears()
    assert [hint.speaking_muted for hint in scene.heard(one, Hint)] == [True, False]
    assert scene.heard(chair, Hint) == []


def test_people_who_are_not_inside_are_not_heard() -> None:
    scene = Hall()
    chair = scene.inside(CHAIR)
    stranger = sfu.EndpointId("p-nobody")
    scene.report(sfu.VoicesChanged(sfu.RoomId(MEETING.code), (stranger,), (stranger,), (stranger,)))
    scene.wait(60)
    assert scene.last(chair, Voices) == Voices((), ())
