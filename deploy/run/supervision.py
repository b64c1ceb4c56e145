"""Decides which process to start, end or give up on, and when; supervisor.py carries it out. Without I/O.

    WAITING --due--> RUNNING --died--> WAITING (after a growing pause) ... --too often--> give up
    restart: a RUNNING process gets TERMINATE, later KILL; when it has died, a new one starts at once
    silent for many looks: a RUNNING process shows its stacks, is killed, and starts again as after any death
    stop: each RUNNING process, last started first, gets TERMINATE, later KILL, and is GONE when it has died

The shell calls start, died, restart, looked, stop and on_deadline, and carries out the Actions they return,
in order.
Invariants: a name is started only when it is not running; after stop or giving up nothing is started.
"""

from dataclasses import dataclass, field
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Policy:
    """Units: seconds."""

    first_pause_s: float = 0.25
    longest_pause_s: float = 5.0
    quick_s: float = 20.0
    """A process that lived shorter than this died quickly."""
    give_up_after: int = 5
    """This many quick deaths in a row are a fault that restarting does not cure."""
    dispensable_pause_s: float = 60.0
    """The longest pause for a process that the others do not need and that keeps dying."""
    polite_s: float = 2.0
    """How long one process may take to stop before the next one is told to."""
    kill_s: float = 4.0
    """How long after a stop or a restart whatever still runs is killed."""
    max_silent_looks: int = 20
    """Looks, not seconds: while the supervisor itself stands still (a paused machine), nobody is silent."""
    max_waking_looks: int = 120
    """The same for a process that has not told anything yet."""


@dataclass(frozen=True, slots=True)
class Start:
    name: str


@dataclass(frozen=True, slots=True)
class Terminate:
    name: str


@dataclass(frozen=True, slots=True)
class Kill:
    name: str
    silent: bool = False
    """It did not answer. Otherwise: it did not stop when told."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Let a process that hangs show where: it is killed at the next look but one."""

    name: str


Action = Start | Terminate | Kill | Trace


class Phase(Enum):
    WAITING = auto()
    RUNNING = auto()
    GONE = auto()


@dataclass(slots=True)
class _Life:
    """One supervised process over all its restarts."""

    phase: Phase = Phase.WAITING
    started: float = 0.0
    due: float = 0.0
    quick_deaths: int = 0
    starts: int = 0
    awake: bool = False
    """It has told something since its start."""
    silent_looks: int = 0
    told: bool = field(default=False)
    """TERMINATE was sent because everything stops."""
    kill_at: float | None = None
    """A restart was asked for: when the old process is killed if it has not ended by itself."""


class Supervision:
    """Decides for a fixed set of named processes, given in the order they start in."""

    def __init__(
        self, names: tuple[str, ...], policy: Policy | None = None, dispensable: frozenset[str] = frozenset()
    ) -> None:
        """dispensable: names that the others can do without. They are never given up on, and nothing else
        ends because of them."""
        self._policy = policy or Policy()
        self._dispensable = dispensable
        self._lives = {name: _Life() for name in names}
        self._stopping_since: float | None = None
        self._next_polite = 0.0
        self.given_up_on: str | None = None
        """The process whose deaths ended everything."""

    @property
    def stopping(self) -> bool:
        return self._stopping_since is not None

    @property
    def finished(self) -> bool:
        return self.stopping and all(life.phase is Phase.GONE for life in self._lives.values())

    def was_told_to_end(self, name: str) -> bool:
        """Whether the end of this process is no fault."""
        return self.stopping or self._lives[name].kill_at is not None

    def start(self, now: float) -> tuple[Action, ...]:
        """Start everything."""
        return tuple(self._started(name, now) for name in self._lives)

    def died(self, name: str, now: float, *, hopeless: bool = False) -> tuple[Action, ...]:
        """A process has ended. hopeless: it said itself that another start would end the same way."""
        life = self._lives[name]
        if self.stopping:
            life.phase = Phase.GONE
            return self._stop_next(now)
        if life.kill_at is not None:
            return (self._started(name, now),)
        life.quick_deaths = life.quick_deaths + 1 if now - life.started < self._policy.quick_s else 1
        # Hopeless at the first start means wrong settings; later it may pass.
        hopeless = life.quick_deaths >= self._policy.give_up_after or (hopeless and life.starts == 1)
        if hopeless and name not in self._dispensable:
            self.given_up_on = name
            life.phase = Phase.GONE
            return self.stop(now)
        longest = self._policy.dispensable_pause_s if hopeless else self._policy.longest_pause_s
        pause = self._policy.first_pause_s * 2 ** min(life.quick_deaths - 1, 16)
        life.phase = Phase.WAITING
        life.due = now + min(pause, longest)
        return ()

    def restart(self, name: str, now: float) -> tuple[Action, ...]:
        """Replace a process with a new one; if it has died and waits, start it at once."""
        life = self._lives[name]
        if self.stopping or life.kill_at is not None:
            return ()
        life.quick_deaths = 0
        if life.phase is Phase.WAITING:
            return (self._started(name, now),)
        life.kill_at = now + self._policy.kill_s
        return (Terminate(name),)

    def looked(self, heard: frozenset[str]) -> tuple[Action, ...]:
        """The shell has looked, and these processes have told that they live since its last look."""
        actions: list[Action] = []
        for name, life in self._lives.items():
            if life.phase is not Phase.RUNNING or self.was_told_to_end(name):
                continue
            if name in heard:
                life.awake, life.silent_looks = True, 0
                continue
            life.silent_looks += 1
            policy = self._policy
            over = life.silent_looks - (policy.max_silent_looks if life.awake else policy.max_waking_looks)
            if over == 0:
                actions.append(Trace(name))
            elif over == 2:
                actions.append(Kill(name, silent=True))
        return tuple(actions)

    def stop(self, now: float) -> tuple[Action, ...]:
        """End everything, the last started first. Asking again changes nothing."""
        if self.stopping:
            return ()
        self._stopping_since = now
        for life in self._lives.values():
            if life.phase is Phase.WAITING:
                life.phase = Phase.GONE
        return self._stop_next(now)

    def next_deadline(self) -> float | None:
        """When on_deadline wants to be called."""
        if self.finished:
            return None
        if self._stopping_since is not None:
            return min(self._next_polite, self._stopping_since + self._policy.kill_s)
        due = [life.due for life in self._lives.values() if life.phase is Phase.WAITING]
        kills = [life.kill_at for life in self._lives.values() if life.kill_at is not None]
        return min(due + kills, default=None)

    def on_deadline(self, now: float) -> tuple[Action, ...]:
        """Time has passed."""
        if self._stopping_since is None:
            return (*self._start_due(now), *self._kill_replaced(now))
        if now >= self._stopping_since + self._policy.kill_s:
            # A killed process dies at once; the clock starts again only for the unlikely one that does not.
            self._stopping_since = now
            return tuple(Kill(name) for name, life in self._lives.items() if life.phase is Phase.RUNNING)
        return self._stop_next(now, impatient=now >= self._next_polite)

    def _start_due(self, now: float) -> tuple[Action, ...]:
        return tuple(
            self._started(name, now)
            for name, life in self._lives.items()
            if life.phase is Phase.WAITING and life.due <= now
        )

    def _kill_replaced(self, now: float) -> tuple[Action, ...]:
        """Kill each process that had its time to end before its restart."""
        kills: list[Action] = []
        for name, life in self._lives.items():
            if life.kill_at is not None and life.kill_at <= now:
                life.kill_at = now + self._policy.kill_s
                kills.append(Kill(name))
        return tuple(kills)

    def _started(self, name: str, now: float) -> Action:
        life = self._lives[name]
        life.phase = Phase.RUNNING
        life.started = now
        life.starts += 1
        life.kill_at = None
        life.awake, life.silent_looks = False, 0
        return Start(name)

    def _stop_next(self, now: float, *, impatient: bool = False) -> tuple[Action, ...]:
        """Tell the next process, unless one that was told may still take its time."""
        running = [name for name, life in self._lives.items() if life.phase is Phase.RUNNING]
        if not impatient and any(self._lives[name].told for name in running):
            return ()
        self._next_polite = now + self._policy.polite_s
        for name in reversed(running):
            if not self._lives[name].told:
                self._lives[name].told = True
                return (Terminate(name),)
        return ()
