"""The line board: the last minutes of everyone's line, for the people who run the meeting."""

import sfu
from signaling.model.ids import SessionId
from signaling.protocol import Knock, Lines
from signaling.protocol.line_views import Quality
from tests.support.control_room import CHAIR, OPERATOR, Scene, account

NHI, NOI = account("nhi"), account("noi", unit="noi")


def reports(scene: Scene, session: SessionId, rtt_ms: int = 80) -> None:
    scene.report(sfu.LineReport(scene.endpoint(session), rtt_ms, 0, 0, 640_000, 1_210_000))


def with_media(scene: Scene, *sessions: SessionId) -> None:
    for session in sessions:
        scene.offer(session)


def test_staff_are_sent_the_newest_points_of_everyone_in_one_message_every_two_seconds() -> None:
    scene = Scene()
    operator, one, two = scene.operator(), scene.inside(NHI), scene.inside(NOI)
    with_media(scene, one, two)
    scene.forget()
    for tenth in range(41):
        scene.now_s = 2000 + tenth / 10
        if tenth % 2 == 0:
            reports(scene, one, tenth)
        if tenth % 5 == 0:
            reports(scene, two, 1000 + tenth)
    told = scene.heard(operator, Lines)
    assert [message.whole for message in told] == [False, False]
    newest = {series.participant: series.points for series in told[0].lines}
    assert {who: points[0].rtt_ms for who, points in newest.items()} == {
        scene.id(one): 20,
        scene.id(two): 1015,
    }
    assert all(len(points) == 1 for points in newest.values())
    assert newest[scene.id(one)][0].at == 2_002_000
    assert not scene.heard(one, Lines)


def test_due_points_are_sent_even_when_nobody_reports_any_more() -> None:
    scene = Scene()
    operator, one = scene.operator(), scene.inside(NHI)
    with_media(scene, one)
    scene.forget()
    reports(scene, one)
    assert scene.room.next_deadline() == scene.now_s + 2
    scene.wait(2)
    assert len(scene.heard(operator, Lines)) == 1
    scene.wait(2)
    assert len(scene.heard(operator, Lines)) == 1  # nothing new


def test_staff_who_come_in_are_given_the_last_three_minutes() -> None:
    scene = Scene()
    operator, one = scene.operator(), scene.inside(NHI)
    with_media(scene, one)
    for n in range(100):
        scene.now_s += 2
        reports(scene, one, n)
    scene.forget()
    chair = scene.enter(CHAIR)
    assert not scene.heard(chair, Lines)  # the green room has no board
    scene.say(chair, Knock(None, "BS. Chủ trì"))
    (board,) = scene.heard(chair, Lines)
    (series,) = board.lines
    assert board.whole
    assert [point.rtt_ms for point in series.points] == list(range(10, 100))
    assert {point.quality for point in series.points} == {Quality.GOOD}
    assert not any(message.whole for message in scene.heard(operator, Lines))


def test_staff_who_come_back_are_given_the_whole_board_again() -> None:
    scene = Scene()
    operator, one = scene.operator(), scene.inside(NHI)
    with_media(scene, one)
    reports(scene, one)
    scene.drop(operator)
    back = scene.enter(OPERATOR, resume=operator)
    assert [message.whole for message in scene.heard(back, Lines)] == [True]


def test_a_participant_who_has_left_disappears_from_the_board() -> None:
    scene = Scene()
    operator, one = scene.operator(), scene.inside(NHI)
    with_media(scene, one)
    reports(scene, one)
    scene.drop(one)
    scene.wait(400)
    scene.drop(operator)
    back = scene.enter(OPERATOR, resume=operator)
    (board,) = scene.heard(back, Lines)
    assert board.lines == ()
