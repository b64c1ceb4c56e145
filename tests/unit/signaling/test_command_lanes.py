"""Offers go to a media worker a few at a time; what shuts overtakes them, and nothing is lost by that."""

from collections import deque
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

import sfu
from sfu import EndpointId, GateReason, RoomId, Source
from signaling.links.command_lanes import MAX_OFFERS_AT_WORKER, CommandLanes

ROOM = RoomId("giao-ban")
SHUTTING = (sfu.SetGates, sfu.CloseEndpoint, sfu.CloseRoom)
OPEN, SHUT = {Source.MICROPHONE: GateReason.OPEN}, {Source.MICROPHONE: GateReason.HOST}


def opening(n: int, gates: dict[Source, GateReason] = OPEN) -> sfu.OpenEndpoint:
    return sfu.OpenEndpoint(ROOM, EndpointId(f"p{n}"), "v=0", gates)


@dataclass
class Worker:
    """Takes one command after the other, as the real one does."""

    lanes: CommandLanes = field(default_factory=CommandLanes)
    socket: deque[tuple[int, sfu.AnyCommand]] = field(default_factory=deque)
    done: list[sfu.AnyCommand] = field(default_factory=list)
    number: int = 0

    def put(self, command: sfu.AnyCommand) -> None:
        self.number += 1
        self.socket += self.lanes.put(self.number, command).send

    def work(self, commands: int = 1) -> None:
        for _ in range(min(commands, len(self.socket))):
            number, command = self.socket.popleft()
            self.done.append(command)
            self.socket += self.lanes.answered(number).send

    def finish(self) -> None:
        while self.socket:
            self.work()


def test_in_a_storm_of_arrivals_a_mute_waits_for_four_offers_at_most() -> None:
    worker = Worker()
    for n in range(100):
        worker.put(opening(n))
    worker.work(30)
    mute = sfu.SetGates(EndpointId("p3"), SHUT)
    worker.put(mute)
    assert [command for _, command in worker.socket].index(mute) <= MAX_OFFERS_AT_WORKER
    worker.finish()
    assert [one.endpoint for one in worker.done if isinstance(one, sfu.OpenEndpoint)] == [
        f"p{n}" for n in range(100)
    ]


def test_an_offer_that_waits_is_opened_with_the_gates_as_they_are_then() -> None:
    worker = Worker()
    for n in range(10):
        worker.put(opening(n))
    worker.put(sfu.SetGates(EndpointId("p9"), SHUT))
    worker.finish()
    assert worker.done[-1] == opening(9, SHUT)


def test_somebody_who_leaves_while_the_offer_waits_is_not_opened_afterwards() -> None:
    worker = Worker()
    for n in range(10):
        worker.put(opening(n))
    worker.put(sfu.Show(EndpointId("p9")))
    worker.put(sfu.CloseEndpoint(EndpointId("p9")))
    worker.finish()
    assert opening(9) not in worker.done
    assert sfu.Show(EndpointId("p9")) not in worker.done
    assert len(worker.lanes) == 0


def test_what_waits_is_bounded_by_how_many_there_are() -> None:
    worker = Worker()
    for _ in range(50):
        for n in range(10):
            worker.put(opening(n))
            worker.put(sfu.Show(EndpointId(f"p{n}")))
            worker.put(sfu.RestartEndpoint(EndpointId(f"p{n}"), "v=0"))
            worker.put(sfu.SetStage(ROOM, EndpointId(f"p{n}")))
    assert len(worker.lanes) <= 10 * 3 + 1 + len(worker.socket)


names = st.sampled_from([EndpointId(f"p{n}") for n in range(7)])
rooms = st.sampled_from([ROOM, RoomId("other")])
commands = st.one_of(
    st.builds(sfu.OpenEndpoint, rooms, names, st.just("v=0"), st.sampled_from([OPEN, SHUT])),
    st.builds(sfu.OpenEndpoint, rooms, names, st.just("v=0"), st.sampled_from([OPEN, SHUT])),
    st.builds(sfu.RestartEndpoint, names, st.just("v=0")),
    st.builds(sfu.SetGates, names, st.sampled_from([OPEN, SHUT])),
    st.builds(sfu.Show, names, st.just(()), st.integers(1, 3)),
    st.builds(sfu.SetStage, rooms, names),
    st.builds(sfu.CloseEndpoint, names),
    st.builds(sfu.CloseRoom, rooms),
)


class Plane:
    """What a worker has after these commands."""

    def __init__(self, done: list[sfu.AnyCommand]) -> None:
        self.endpoints: dict[str, dict[Source, GateReason]] = {}
        self.wishes: dict[str, int] = {}
        self.rooms: dict[str, str] = {}
        self.stages: dict[str, str | None] = {}
        for command in done:
            self._take(command)
            here = set(self.rooms.values())
            self.stages = {room: stage for room, stage in self.stages.items() if room in here}

    def _take(self, command: sfu.AnyCommand) -> None:
        match command:
            case sfu.OpenEndpoint():
                self.endpoints[command.endpoint] = dict(command.gates)
                self.rooms[command.endpoint] = command.room
            case sfu.SetGates() if command.endpoint in self.endpoints:
                self.endpoints[command.endpoint].update(command.gates)
            case sfu.Show() if command.endpoint in self.endpoints:
                self.wishes[command.endpoint] = command.stage
            case sfu.SetStage() if command.room in self.rooms.values():
                self.stages[command.room] = command.endpoint
            case sfu.CloseEndpoint():
                self._close([command.endpoint])
            case sfu.CloseRoom():
                self._close([name for name, room in self.rooms.items() if room == command.room])
            case _:
                pass

    def _close(self, names: list[str]) -> None:
        for name in names:
            for table in (self.endpoints, self.wishes, self.rooms):
                table.pop(name, None)


@given(st.lists(st.tuples(commands, st.integers(0, 2)), max_size=30))
def test_the_worker_ends_where_it_would_have_ended_in_order(
    steps: list[tuple[sfu.AnyCommand, int]],
) -> None:
    worker = Worker()
    for command, worked in steps:
        worker.put(command)
        worker.work(worked)
    worker.finish()
    found, wanted = Plane(worker.done), Plane([command for command, _ in steps])
    assert found.endpoints == wanted.endpoints
    assert found.rooms == wanted.rooms
    assert found.stages == wanted.stages
    assert len(worker.lanes) == 0
    for name, wish in wanted.wishes.items():
        assert found.wishes[name] == wish


@given(st.lists(st.tuples(commands, st.integers(0, 2)), max_size=30))
def test_no_gate_is_open_that_was_ordered_shut_once_the_worker_has_read_its_socket(
    steps: list[tuple[sfu.AnyCommand, int]],
) -> None:
    """However many offers still wait: also where a newer offer is to replace an endpoint that stands."""
    worker = Worker()
    gates: dict[str, dict[Source, GateReason]] = {}
    so_far: list[sfu.AnyCommand] = []
    for given_one, worked in steps:
        command = given_one
        if isinstance(command, sfu.OpenEndpoint):  # a room opens with the gates as they are
            command = changed(command, gates=dict(gates.setdefault(command.endpoint, OPEN)))
        elif isinstance(command, sfu.SetGates):
            gates[command.endpoint] = dict(command.gates)
        so_far.append(command)
        worker.put(command)
        worker.work(worked)
        if not any(isinstance(one, SHUTTING) for _, one in worker.socket):
            wanted = Plane(so_far).endpoints
            assert all(wanted[name] == have for name, have in Plane(worker.done).endpoints.items())
