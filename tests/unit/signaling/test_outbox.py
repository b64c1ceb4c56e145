"""What is sent to a client: in order, bounded, newest only where that is enough."""

from signaling.model.words import SeatState, Why
from signaling.protocol import Answer, Bye, Frame, Pong, Roster, SeatChanged, ServerMessage, decode_server
from signaling.session.outbox import Outbox


def post(outbox: Outbox, *messages: ServerMessage) -> None:
    for message in messages:
        outbox.post(message, Frame(message))


async def drained(outbox: Outbox) -> list[ServerMessage]:
    outbox.close()
    frames = []
    while (frame := await outbox.next()) is not None:
        frames.append(decode_server(frame.plain))
    return list(frames)


async def test_messages_leave_in_order() -> None:
    outbox = Outbox(8)
    post(outbox, Pong(1), SeatChanged(SeatState.WAITING), Pong(2))
    assert await drained(outbox) == [Pong(1), SeatChanged(SeatState.WAITING), Pong(2)]


async def test_only_the_newest_roster_is_sent_and_never_before_what_led_to_it() -> None:
    outbox = Outbox(3)
    post(outbox, Roster(1, ()), SeatChanged(SeatState.ADMITTED), *(Roster(n, ()) for n in range(2, 50)))
    assert await drained(outbox) == [SeatChanged(SeatState.ADMITTED), Roster(49, ())]


async def test_a_client_that_does_not_read_is_told_it_is_too_slow() -> None:
    outbox = Outbox(3)
    post(outbox, *(Pong(n) for n in range(10)))
    assert outbox.closed
    assert await drained(outbox) == [Bye(Why.TOO_SLOW)]


async def test_nothing_follows_a_goodbye() -> None:
    outbox = Outbox(3)
    post(outbox, Pong(1))
    outbox.dismiss(Bye(Why.KICKED, "vì thế"))
    post(outbox, Pong(2))
    outbox.dismiss(Bye(Why.ENDED))
    assert await drained(outbox) == [Pong(1), Bye(Why.KICKED, "vì thế")]


async def test_messages_after_the_line_broke_wait_for_the_page_to_come_back() -> None:
    outbox = Outbox(8)
    post(outbox, Answer("a"))
    assert await outbox.next() is not None
    outbox.close()
    post(outbox, Roster(1, ()), Answer("b"))
    assert await outbox.next() is None
    assert [message for message, _ in outbox.backlog.missed(1)] == [Answer("b")]


async def test_a_client_that_was_too_slow_has_missed_what_was_still_queued() -> None:
    outbox = Outbox(2)
    post(outbox, Answer("a"), Answer("b"), Answer("c"))
    assert [message for message, _ in outbox.backlog.missed(0)] == [Answer("a"), Answer("b"), Answer("c")]
    assert await drained(outbox) == [Bye(Why.TOO_SLOW)]
