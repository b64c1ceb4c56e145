"""Runs the processes of the appliance: starts them, restarts what dies, stops all. The decisions are in
supervision.py.

A child gets its settings as one line of JSON on its standard input, which stays open: its end tells the
child that the parent is gone, however it died, so no process is ever orphaned (deploy/child.py). Through a
pipe of its own the child tells that it lives and when it is ready (pulse.py).
"""

import asyncio
import contextlib
import logging
import os
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from deploy.problem import Problem
from deploy.run import pulse
from deploy.run.supervision import Action, Kill, Policy, Start, Supervision, Terminate, Trace

EXIT_HOPELESS = 2
"""Exit code of a child that cannot run with these settings; it has said why."""
MAX_EVENTS = 64
LOOK_S = 0.5
"""How often the processes are asked whether they live."""

log = logging.getLogger("giaoban.supervisor")


class GaveUp(Problem):
    """A process died again and again, or said itself that it cannot run with these settings."""

    def __init__(self, name: str, *, hopeless: bool) -> None:
        super().__init__(
            f"{name} cannot run with these settings" if hopeless else f"{name} dies again and again",
            "Its last words are above. Correct the cause, then start again.",
        )
        self.hopeless = hopeless
        # A service manager may try again unless the fault is hopeless.
        self.exit_code = EXIT_HOPELESS if hopeless else 1


@dataclass(frozen=True, slots=True)
class Child:
    """How to start one process."""

    command: tuple[str, ...]
    settings: bytes
    """One line for its standard input."""
    dispensable: bool = False
    """The others go on without it."""
    awaited: bool = True
    """Nothing is ready before this is."""


@dataclass(frozen=True, slots=True)
class _Died:
    name: str
    code: int


@dataclass(frozen=True, slots=True)
class _Restart:
    name: str


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


@dataclass(frozen=True, slots=True)
class _Deadline:
    pass


@dataclass(frozen=True, slots=True)
class _Looked:
    heard: frozenset[str]


_Event = _Died | _Restart | _Stop | _Deadline | _Looked


class Supervisor:
    """Keeps a set of processes running until told to stop."""

    def __init__(
        self,
        children: Mapping[str, Child],
        policy: Policy | None = None,
        clock: Callable[[], float] = time.monotonic,
        look_s: float = LOOK_S,
    ) -> None:
        self._children = dict(children)
        dispensable = frozenset(name for name, child in self._children.items() if child.dispensable)
        self._core = Supervision(tuple(self._children), policy, dispensable)
        self._clock = clock
        self._look_s = look_s
        self._inbox: asyncio.Queue[_Event] = asyncio.Queue(maxsize=MAX_EVENTS)
        self._running: dict[str, Process] = {}
        self._pulses: dict[str, pulse.Listener] = {}
        self._ready: set[str] = set()
        self._awaited = {name for name, child in self._children.items() if child.awaited}
        self.all_ready = asyncio.Event()
        """Set once every process that is awaited has been ready at the same time."""
        self.looked = asyncio.Event()
        """Set at each look: this loop lives."""
        self._hopeless = False
        """How the last process that died by itself ended."""

    def stop(self) -> None:
        """End everything; run() returns when it is done. May be called from a signal handler."""
        with contextlib.suppress(asyncio.QueueFull):
            self._inbox.put_nowait(_Stop())

    def restart(self, name: str) -> None:
        """Replace one process with a new one while the others go on."""
        with contextlib.suppress(asyncio.QueueFull):
            self._inbox.put_nowait(_Restart(name))

    def pid(self, name: str) -> int | None:
        """Process id, None while it is not running."""
        process = self._running.get(name)
        return process.pid if process is not None else None

    @property
    def waited_for(self) -> tuple[str, ...]:
        """The processes that are not ready."""
        return tuple(name for name in self._children if name in self._awaited - self._ready)

    async def run(self) -> None:
        """Run until stop(). Raises GaveUp when a process cannot be kept alive; by then all have ended."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._carry_out(self._core.start(self._clock()), group)
                looking = group.create_task(self._look(), name="look")
                while not self._core.finished:
                    event = await self._next_event()
                    await self._carry_out(self._decide(event, self._clock()), group)
                looking.cancel()
        finally:
            for process in self._running.values():
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        name = self._core.given_up_on
        if name is not None:
            raise GaveUp(name, hopeless=self._hopeless)

    def _decide(self, event: _Event, now: float) -> tuple[Action, ...]:
        match event:
            case _Died(name, code):
                del self._running[name]
                self._pulses.pop(name).close()
                self._ready.discard(name)
                if not self._core.was_told_to_end(name):
                    log.error("process-ended name=%s code=%d", name, code)
                    self._hopeless = code == EXIT_HOPELESS
                return self._core.died(name, now, hopeless=code == EXIT_HOPELESS)
            case _Restart(name):
                return self._core.restart(name, now)
            case _Stop():
                return self._core.stop(now)
            case _Deadline():
                return self._core.on_deadline(now)
            case _Looked(heard):
                return self._core.looked(heard)
            case _:
                assert_never(event)

    async def _look(self) -> None:
        """Hear what the processes have told, again and again. After a pause of this process, or of the whole
        machine, there is one look, not as many as would have been."""
        while True:
            await asyncio.sleep(self._look_s)
            told = {name: listener.heard() for name, listener in self._pulses.items()}
            self._ready |= {name for name, what in told.items() if pulse.READY in what}
            if not self.waited_for:
                self.all_ready.set()
            self.looked.set()
            await self._inbox.put(_Looked(frozenset(name for name, what in told.items() if what)))

    async def _next_event(self) -> _Event:
        deadline = self._core.next_deadline()
        try:
            async with asyncio.timeout_at(None if deadline is None else self._loop_time(deadline)):
                return await self._inbox.get()
        except TimeoutError:
            return _Deadline()

    def _loop_time(self, deadline: float) -> float:
        return asyncio.get_running_loop().time() + deadline - self._clock()

    async def _carry_out(self, actions: tuple[Action, ...], group: asyncio.TaskGroup) -> None:
        for action in actions:
            match action:
                case Start(name):
                    listener = pulse.Listener()
                    process = await self._spawn(self._children[name], listener.writing)
                    listener.started()
                    self._running[name], self._pulses[name] = process, listener
                    group.create_task(self._report(name, process), name=f"wait for {name}")
                case Terminate(name):
                    with contextlib.suppress(ProcessLookupError):
                        self._running[name].terminate()
                case Trace(name):
                    log.error("process-silent name=%s", name)
                    with contextlib.suppress(ProcessLookupError):
                        self._running[name].send_signal(signal.SIGUSR1)
                case Kill(name, silent):
                    reason = "does-not-answer" if silent else "does-not-stop"
                    log.error("process-killed name=%s reason=%s", name, reason)
                    with contextlib.suppress(ProcessLookupError):
                        self._running[name].kill()
                case _:
                    assert_never(action)

    async def _spawn(self, child: Child, writing: int) -> Process:
        # A group of its own: Ctrl-C at the terminal reaches only the supervisor, which stops in order. Not
        # a session of its own: the system compares niceness only within one (autogroups, sched(7)).
        process = await asyncio.create_subprocess_exec(
            *child.command,
            stdin=PIPE,
            process_group=0,
            pass_fds=(writing,),
            env=os.environ | {"PYTHONUNBUFFERED": "1", pulse.VARIABLE: str(writing)},
        )
        assert process.stdin is not None
        with contextlib.suppress(ConnectionError):  # it has died already; its exit code tells
            process.stdin.write(child.settings + b"\n")
            await process.stdin.drain()
        return process

    async def _report(self, name: str, process: Process) -> None:
        await self._inbox.put(_Died(name, await process.wait()))
