"""The laws of a Room, each a sentence that can be checked after any input."""

import recorder
from sfu import GateReason, Source
from signaling import protocol as m
from signaling.model.words import FloorMode, RecordingState, Role, SeatState, UnitKind
from signaling.room.views import floor, recording, roster, staff
from tests.support.control_room import Scene

OUTSIDE = GateReason.LOBBY | GateReason.LEFT


def hold(scene: Scene) -> None:
    only_the_admitted_have_an_endpoint_and_its_gates_are_theirs(scene)
    nobody_outside_has_an_open_gate(scene)
    a_line_check_is_alone_shut_and_before_the_door(scene)
    a_technician_has_an_endpoint_only_while_permitted(scene)
    rooms_lobbies_and_queues_are_bounded(scene)
    at_most_one_screen_is_shared(scene)
    a_microphone_without_the_floor_is_shut_by_it(scene)
    at_most_two_have_the_floor_and_they_are_inside(scene)
    the_queue_is_in_rank_order(scene)
    the_accounts_own_chair_can_always_take_it_back(scene)
    a_session_has_one_seat_and_a_seat_one_session(scene)
    everyone_has_seen_the_newest_views_they_may_see(scene)
    versions_only_grow(scene)
    nobody_is_recorded_unseen(scene)
    only_what_the_record_orders_is_recorded(scene)
    the_recorder_knows_who_is_inside(scene)


def only_the_admitted_have_an_endpoint_and_its_gates_are_theirs(scene: Scene) -> None:
    state = scene.room.state
    inside = {str(seat.id): seat for seat in state.admitted()}
    for endpoint, gates in scene.endpoints.items():
        if scene.rooms[endpoint] == state.room_id:
            assert endpoint in inside
            assert gates == inside[endpoint].gates.every()


def nobody_outside_has_an_open_gate(scene: Scene) -> None:
    for seat in scene.room.state.seats.values():
        for gate in seat.gates.every().values():
            assert bool(gate & OUTSIDE) is not seat.admitted


def a_line_check_is_alone_shut_and_before_the_door(scene: Scene) -> None:
    state = scene.room.state
    outside = [endpoint for endpoint in scene.endpoints if scene.rooms[endpoint] != state.room_id]
    assert len({scene.rooms[endpoint] for endpoint in outside}) == len(outside)
    assert len(outside) <= state.limits.checks
    before_the_door = (SeatState.OUTSIDE, SeatState.WAITING)
    before = {seat.session for seat in state.online() if seat.state in before_the_door}
    for endpoint in outside:
        assert endpoint == scene.rooms[endpoint]
        assert scene.endpoints[endpoint] == dict.fromkeys(Source, GateReason.LOBBY)
        session = state.check_of(endpoint)
        assert session is not None
        assert session in before
        assert state.checks[session].until_s > scene.now_s


def a_technician_has_an_endpoint_only_while_permitted(scene: Scene) -> None:
    for seat in scene.room.state.seats.values():
        if seat.role is Role.TECHNICIAN and str(seat.id) in scene.endpoints:
            assert seat.listens_until_s > scene.now_s


def rooms_lobbies_and_queues_are_bounded(scene: Scene) -> None:
    state = scene.room.state
    assert len(state.admitted()) <= state.limits.room + state.limits.staff_extra
    assert len(state.waiting()) <= state.limits.lobby
    assert len(state.run.queue) <= state.limits.queue


def at_most_one_screen_is_shared(scene: Scene) -> None:
    screens = [seat.gates.screen for seat in scene.room.state.admitted()]
    assert sum(GateReason.SELF not in gate for gate in screens) <= 1


def a_microphone_without_the_floor_is_shut_by_it(scene: Scene) -> None:
    state = scene.room.state
    holders = {turn.participant for turn in state.run.turns}
    for seat in state.admitted():
        may = seat.id in holders or seat.role is Role.CHAIR or state.run.rules.mode is FloorMode.OPEN
        assert (GateReason.FLOOR in seat.gates.microphone) is not may
        if not may:
            assert GateReason.SELF in seat.gates.microphone


def at_most_two_have_the_floor_and_they_are_inside(scene: Scene) -> None:
    state = scene.room.state
    holders = [turn.participant for turn in state.run.turns]
    assert len(holders) <= 2
    assert len(set(holders)) == len(holders)
    assert set(holders) <= {seat.id for seat in state.admitted()}


def the_queue_is_in_rank_order(scene: Scene) -> None:
    """As shown, and computed in another way than the rule does."""
    state = scene.room.state
    rules, inside = state.run.rules, {seat.id: seat for seat in state.admitted()}
    numbers = {wish.participant: wish.number for wish in state.run.queue}
    assert len(numbers) == len(state.run.queue)
    shown = [state.by_id(wish.participant) for wish in floor.view(state).queue]
    ranks = []
    for seat in shown:
        assert seat is not None
        assert seat.id in inside
        assert seat.role is not Role.CHAIR
        kinds = {kind: place for place, kind in enumerate(rules.order)}
        kind = state.units[seat.unit].kind
        ranks.append((kinds[kind] if rules.mode is FloorMode.ORDERED else 0, numbers[seat.id]))
    assert ranks == sorted(ranks)
    assert not numbers.keys() & {turn.participant for turn in state.run.turns}
    assert set(rules.order) == set(UnitKind)


def the_accounts_own_chair_can_always_take_it_back(scene: Scene) -> None:
    """The account's chair has the chair or has given it away, and can give it away only while inside."""
    for seat in scene.room.state.seats.values():
        assert seat.acting is None or seat.admitted
        if seat.account.role is Role.CHAIR:
            assert seat.role in (Role.CHAIR, Role.DELEGATE)
        elif seat.acting is not None:
            assert seat.acting is Role.CHAIR


def a_session_has_one_seat_and_a_seat_one_session(scene: Scene) -> None:
    sessions = [seat.session for seat in scene.room.state.online()]
    assert len(sessions) == len(set(sessions))
    assert not set(sessions) & set(scene.dismissed)


def everyone_has_seen_the_newest_views_they_may_see(scene: Scene) -> None:
    state = scene.room.state
    shown = floor.view(state)
    for seat in state.admitted():
        if seat.online and seat.session is not None:
            assert scene.last(seat.session, m.Roster).participants == roster.participants(state)
            seen = scene.last(seat.session, m.Floor)
            assert floor.numbered(seen, 0) == shown
            assert scene.last(seat.session, m.Requests).requests == staff.requests(state, seat)
    for session in state.staff():
        lobby = scene.last(session, m.Lobby)
        assert (lobby.knocks, lobby.banned) == (staff.knocks(state), staff.banned(state))
    for session in state.staff_inside():
        assert scene.last(session, m.Voices) == staff.voices(state)
        assert len(scene.last(session, m.Departures).departures) == len(state.run.departures)


def nobody_is_recorded_unseen(scene: Scene) -> None:
    """Everybody inside, in the lobby or in the green room has seen the light as it is; and it is on, or shows
    a failure, while anything is written."""
    state = scene.room.state
    light = recording.view(state)
    for session in state.looking():
        assert scene.last(session, m.Recording) == light
    if any(not paused for paused in scene.writing.values()) and not state.ended:
        assert light.state in (RecordingState.STARTING, RecordingState.ON, RecordingState.FAILED)


def only_what_the_record_orders_is_recorded(scene: Scene) -> None:
    state = scene.room.state
    wanted = state.run.recording
    assert wanted is None or (state.meeting.may_record and not state.ended)
    if state.recorder.up:
        assert set(scene.writing) <= ({wanted.id} if wanted is not None else set())
    for start in scene.ordered(recorder.Start):
        assert any(not key.second for key in start.recipients)


def the_recorder_knows_who_is_inside(scene: Scene) -> None:
    state = scene.room.state
    wanted = state.run.recording
    if wanted is not None and state.recorder.begun:
        told = scene.ordered(recorder.People)[-1]
        assert told.recording == wanted.id
        assert {str(person.endpoint) for person in told.people} == {str(seat.id) for seat in state.admitted()}
        assert set(map(str, told.floor)) == {str(turn.participant) for turn in state.run.turns}


def versions_only_grow(scene: Scene) -> None:
    for messages in scene.told.values():
        for kind in (m.Roster, m.Lobby, m.Floor, m.Requests, m.Departures):
            versions = [message.version for message in messages if isinstance(message, kind)]
            assert versions == sorted(versions)
