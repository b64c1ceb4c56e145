"""What a page missed while its line was broken: in order, bounded, and nothing misleading."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.live.backlog import MAX_BYTES, MAX_MESSAGES, Backlog
from signaling.model.words import SeatState, Why
from signaling.protocol import (
    Answer,
    Frame,
    Lobby,
    MediaLost,
    Pong,
    Refusal,
    Roster,
    SeatChanged,
    SendPlan,
    ServerMessage,
    Slots,
    Speakers,
)

ANEW = (
    Roster(1, ()),
    Lobby(1, ()),
    Slots(()),
    Speakers((), None),
    SeatChanged(SeatState.WAITING),
    Pong(1),
    MediaLost(Why.MEDIA_UNAVAILABLE),
    SendPlan((), (), red=False),
)


def send(backlog: Backlog, *messages: ServerMessage) -> None:
    for message in messages:
        backlog.sent(backlog.post(message, Frame(message)))


def missed(backlog: Backlog, seen: int) -> list[ServerMessage]:
    return [message for message, _ in backlog.missed(seen)]


def test_messages_after_the_last_one_seen_are_sent_again() -> None:
    backlog = Backlog()
    answers = [Answer(str(n)) for n in range(5)]
    send(backlog, *answers)
    assert missed(backlog, 5) == []
    assert missed(backlog, 3) == answers[3:]
    assert missed(backlog, 0) == answers


def test_messages_that_are_told_afresh_count_but_are_not_sent_again() -> None:
    backlog = Backlog()
    send(backlog, *ANEW, Answer("a"), *ANEW, Refusal("offer", Why.BAD_OFFER))
    assert missed(backlog, len(ANEW)) == [Answer("a"), Refusal("offer", Why.BAD_OFFER)]
    assert missed(backlog, len(ANEW) + 1) == [Refusal("offer", Why.BAD_OFFER)]


def test_messages_that_were_never_sent_are_missed_too() -> None:
    backlog = Backlog()
    send(backlog, Answer("a"))
    backlog.post(Answer("b"), Frame(Answer("b")))
    assert missed(backlog, 1) == [Answer("b")]


def test_a_page_that_claims_more_than_it_was_sent_gets_nothing() -> None:
    backlog = Backlog()
    send(backlog, Answer("a"))
    assert missed(backlog, 2) == []
    assert missed(backlog, 2**53) == []


def test_once_a_message_is_forgotten_only_later_gaps_can_be_filled() -> None:
    backlog = Backlog()
    answers = [Answer(str(n)) for n in range(MAX_MESSAGES + 3)]
    send(backlog, *answers)
    assert missed(backlog, 2) == []
    assert missed(backlog, 3) == answers[3:]


def test_a_few_large_messages_count_as_much_as_many_small_ones() -> None:
    backlog = Backlog()
    send(backlog, *(Answer("x" * (MAX_BYTES // 3)) for _ in range(4)))
    assert len(missed(backlog, 2)) == 2
    send(backlog, Answer("y" * (MAX_BYTES + 1)))
    assert missed(backlog, 4) == []


kinds = st.sampled_from([Answer("a"), Refusal("offer", Why.BAD_OFFER), Pong(1), Roster(1, ())])


@given(st.lists(st.tuples(kinds, st.booleans())), st.integers(0, 40))
def test_seen_and_missed_together_are_what_was_sent(
    steps: list[tuple[ServerMessage, bool]], seen: int
) -> None:
    backlog = Backlog()
    all_sent: list[ServerMessage] = []
    unsent: list[ServerMessage] = []
    for message, leaves in steps:
        entry = backlog.post(message, Frame(message))
        if leaves and not unsent:
            backlog.sent(entry)
            all_sent.append(message)
        elif entry is not None:
            unsent.append(message)
    expected = [m for m in all_sent[seen:] if isinstance(m, Answer | Refusal)] + unsent
    assert missed(backlog, seen) == (expected if seen <= len(all_sent) else [])
