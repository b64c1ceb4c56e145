"""Of what waits to be told, the newest of each is kept, in order."""

from hypothesis import given
from hypothesis import strategies as st

import sfu
from sfu import EndpointId, EndpointState, Pictures, RoomId, Source
from sfu.newest import NewestEvents

ROOM = RoomId("giao-ban")
names = st.sampled_from([EndpointId(f"p{n}") for n in range(3)])
events = st.one_of(
    st.builds(sfu.EndpointChanged, names, st.sampled_from(list(EndpointState))),
    st.builds(sfu.FlowChanged, names, st.sampled_from(list(Source)), st.booleans()),
    st.builds(sfu.SpeakersChanged, st.just(ROOM), st.tuples(names), names),
    st.builds(sfu.VoicesChanged, st.just(ROOM), st.tuples(names), st.just(()), st.just(())),
    st.builds(sfu.SlotsChanged, names, st.just(())),
    st.builds(sfu.SendPlan, names, st.sampled_from([(), ("q",)]), st.just(()), st.just(False)),
    st.builds(sfu.LineReport, names, st.integers(0, 9), *(st.just(0) for _ in range(4))),
)


def all_of(newest: NewestEvents, came: list[sfu.AnyEvent]) -> list[sfu.AnyEvent]:
    for event in came:
        newest.add(event)
    return list(newest.take())


def test_a_hundred_reports_about_one_line_are_one() -> None:
    reports: list[sfu.AnyEvent] = [
        sfu.LineReport(EndpointId("p1"), n, 0, 0, 0, 0, pictures=Pictures.ALL) for n in range(100)
    ]
    assert all_of(NewestEvents(), reports) == reports[-1:]


def test_a_line_that_was_lost_and_is_back_was_lost() -> None:
    lost, back = (
        sfu.EndpointChanged(EndpointId("p1"), state)
        for state in (EndpointState.LOST, EndpointState.CONNECTED)
    )
    assert all_of(NewestEvents(), [back, lost, back]) == [lost, back]


@given(st.lists(events, max_size=40))
def test_what_is_left_ends_with_the_same_facts_and_is_bounded(came: list[sfu.AnyEvent]) -> None:
    left = all_of(NewestEvents(), came)
    assert _facts(left) == _facts(came)
    assert len(left) <= 3 * (4 + 6 + 1 + 1 + 1) + 2
    assert left == [event for n, event in enumerate(came) if event in left and event not in came[n + 1 :]]


def _facts(came: list[sfu.AnyEvent]) -> dict[object, object]:
    facts: dict[object, object] = {}
    for event in came:
        match event:
            case sfu.EndpointChanged():
                facts["state", event.endpoint] = event.state
            case sfu.FlowChanged():
                facts["flow", event.endpoint, event.source] = event.flowing
            case sfu.SpeakersChanged() | sfu.VoicesChanged():
                facts[type(event)] = event
            case _:
                facts[type(event), event.endpoint] = event
    return facts
