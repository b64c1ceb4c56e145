"""Commands, results and events survive the process boundary, and nothing else gets through."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu import (
    EndpointChanged,
    EndpointId,
    EndpointState,
    Failed,
    Failure,
    GateReason,
    OpenEndpoint,
    RoomId,
    SetGates,
    Source,
)
from sfu.wire import (
    MAX_FRAME_BYTES,
    BadFrame,
    Deframer,
    Notice,
    Reply,
    ToWorker,
    decode_from_worker,
    decode_to_worker,
    frame,
)

GATES = {Source.MICROPHONE: GateReason.SELF | GateReason.HOST, Source.CAMERA: GateReason.OPEN}
COMMANDS: list[OpenEndpoint | SetGates] = [
    OpenEndpoint(room=RoomId("r"), endpoint=EndpointId("e"), offer="v=0", gates=GATES, local=True),
    SetGates(endpoint=EndpointId("e"), gates=GATES),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: type(c).__name__)
def test_a_command_arrives_as_it_was_sent(command: OpenEndpoint | SetGates) -> None:
    (body,) = Deframer().feed(frame(ToWorker(7, command)))
    assert decode_to_worker(body) == ToWorker(7, command)


def test_results_and_events_arrive_as_they_were_sent() -> None:
    sent: list[Reply | Notice] = [
        Reply(7, Failed(code=Failure.FULL, detail="rows")),
        Notice(EndpointChanged(endpoint=EndpointId("e"), state=EndpointState.LOST, path="tcp")),
    ]
    bodies = Deframer().feed(b"".join(frame(message) for message in sent))
    assert [decode_from_worker(body) for body in bodies] == sent


@given(st.lists(st.integers(1, 40), max_size=30))
def test_frames_are_found_however_the_stream_is_cut(cuts: list[int]) -> None:
    messages = [ToWorker(i, COMMANDS[i % 2]) for i in range(5)]
    stream = b"".join(frame(message) for message in messages)
    deframer, found = Deframer(), []
    for cut in [*cuts, len(stream)]:
        found += deframer.feed(stream[:cut])
        stream = stream[cut:]
    assert [decode_to_worker(body) for body in found] == messages


def test_a_length_over_the_bound_is_refused_before_anything_is_stored() -> None:
    with pytest.raises(BadFrame):
        Deframer().feed((MAX_FRAME_BYTES + 1).to_bytes(4, "big"))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_bad_frame(body: bytes) -> None:
    for decode in (decode_to_worker, decode_from_worker):
        with contextlib.suppress(BadFrame):
            decode(body)
