"""What the slow path does to the tables has a turn of its own, in which the packet thread does nothing."""

import inspect
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from sfu.fastpath import FastPath
from sfu.fastpath.turn import Turn, in_turn

WITHOUT_A_TURN = {
    "begin_work": "there is no packet thread yet",
    "work": "is the packet thread",
    "stop_work": "writes one number",
    "shift_clock": "writes one number",
    "send_plain": "uses a socket, and no table",
    "sent_packet": "reads one number of a ring that only grows",
    "waiting": "reads two numbers; whichever is newer is right a moment later",
    "refused": "reads one number",
}


class Recorder:
    """Stands for the kernel, and remembers."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.kernel = SimpleNamespace(
            begin_turn=lambda here: self.done.append("begin"), end_turn=lambda here: self.done.append("end")
        )
        self.turn = Turn(self.kernel, 0)

    @in_turn
    def outer(self) -> None:
        self.done.append("outer")
        self.inner()

    @in_turn
    def inner(self) -> None:
        self.done.append("inner")

    @in_turn
    def fails(self) -> None:
        raise KeyError


def entries() -> list[tuple[str, Callable[..., object]]]:
    return [
        (name, method)
        for name, method in inspect.getmembers(FastPath, inspect.isfunction)
        if not name.startswith("_")
    ]


def test_every_method_has_a_turn_or_a_reason() -> None:
    without = {name for name, method in entries() if not hasattr(method, "__wrapped__")}
    assert without == set(WITHOUT_A_TURN)
    assert len(entries()) > len(WITHOUT_A_TURN) + 20


def test_a_turn_within_a_turn_is_the_same_one() -> None:
    recorder = Recorder()
    recorder.outer()
    assert recorder.done == ["begin", "outer", "inner", "end"]


def test_a_turn_that_fails_ends() -> None:
    recorder = Recorder()
    with pytest.raises(KeyError):
        recorder.fails()
    assert recorder.done == ["begin", "end"]
