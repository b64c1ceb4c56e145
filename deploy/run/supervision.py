"""Which process to start, end or give up on, and when. Pure: the shell is deploy/run/supervisor.py.

    WAITING --due--> RUNNING --died--> WAITING (after a growing pause) ... --too often--> give up
    stop: each RUNNING process, last started first, gets TERMINATE, later KILL, and is GONE when it died

The shell feeds start, died, stop and on_deadline, and carries out the Actions returned, in order.
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
    """So many quick deaths in a row are a fault that restarting does not cure."""
    dispensable_pause_s: float = 60.0
    """Longest pause of one that others do not need, and that dies again and again."""
    polite_s: float = 2.0
    """How long one process may take to stop before the next one is told to."""
    kill_s: float = 4.0
    """When, after stop, everything that still runs is killed."""


@dataclass(frozen=True, slots=True)
class Start:
    name: str


@dataclass(frozen=True, slots=True)
class Terminate:
    name: str


@dataclass(frozen=True, slots=True)
class Kill:
    name: str


Action = Start | Terminate | Kill


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
    told: bool = field(default=False)
    """TERMINATE was sent."""


class Supervision:
    """Decides for a fixed set of named processes, given in the order they start in."""

    def __init__(
        self, names: tuple[str, ...], policy: Policy | None = None, dispensable: frozenset[str] = frozenset()
    ) -> None:
        """dispensable: names without which the others go on. They are never given up on, and nothing else
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

    def start(self, now: float) -> tuple[Action, ...]:
        """Start everything."""
        return tuple(self._started(name, now) for name in self._lives)

    def died(self, name: str, now: float, *, hopeless: bool = False) -> tuple[Action, ...]:
        """A process has ended. hopeless: it said itself that another start would end the same way."""
        life = self._lives[name]
        if self.stopping:
            life.phase = Phase.GONE
            return self._stop_next(now)
        life.quick_deaths = life.quick_deaths + 1 if now - life.started < self._policy.quick_s else 1
        # What is hopeless at its first start is a fault of the settings; later it may be a passing one.
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
        return min((life.due for life in self._lives.values() if life.phase is Phase.WAITING), default=None)

    def on_deadline(self, now: float) -> tuple[Action, ...]:
        """Time has passed."""
        if self._stopping_since is None:
            return tuple(
                self._started(name, now)
                for name, life in self._lives.items()
                if life.phase is Phase.WAITING and life.due <= now
            )
        if now >= self._stopping_since + self._policy.kill_s:
            # Killed processes die at once; the clock starts anew only for the unlikely one that does not.
            self._stopping_since = now
            return tuple(Kill(name) for name, life in self._lives.items() if life.phase is Phase.RUNNING)
        return self._stop_next(now, impatient=now >= self._next_polite)

    def _started(self, name: str, now: float) -> Action:
        life = self._lives[name]
        life.phase = Phase.RUNNING
        life.started = now
        life.starts += 1
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
