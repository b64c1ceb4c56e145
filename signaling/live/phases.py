"""The order in which the effects of one input are carried out. Pure.

| phase | what | when |
|---|---|---|
| `kept_first` | `Keep`, `KeepRun` with `first` | before anybody hears of it; a failure refuses the input |
| `at_once` | `Record` with `at_once` | a recording ends or pauses before anything else happens |
| `media` | `Media`, `Negotiate` | sent in order, then awaited: the gates are shut before anyone is told |
| `people` | `Tell`, `Replay`, `Dismiss` | in the room's order |
| `kept_later` | `Keep`, `KeepRun`, `EndRun`, `Note` | marked or queued, stored when the store can |
| `recording` | other `Record` | a recording begins after everyone was told |
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never

from signaling.room.state.effects import (
    Dismiss,
    Effect,
    EndRun,
    Keep,
    KeepRun,
    Media,
    Negotiate,
    Note,
    Record,
    Replay,
    Tell,
)


@dataclass(slots=True)
class Phases:
    """The effects of one input by phase; within a phase, in the room's order."""

    kept_first: list[Keep | KeepRun] = field(default_factory=list)
    at_once: list[Record] = field(default_factory=list)
    media: list[Media | Negotiate] = field(default_factory=list)
    people: list[Tell | Replay | Dismiss] = field(default_factory=list)
    kept_later: list[Keep | KeepRun | EndRun | Note] = field(default_factory=list)
    recording: list[Record] = field(default_factory=list)


def in_phases(effects: Iterable[Effect]) -> Phases:
    """Each effect in its one phase."""
    phases = Phases()
    for effect in effects:
        match effect:
            case Keep() | KeepRun() if effect.first:
                phases.kept_first.append(effect)
            case Keep() | KeepRun() | EndRun() | Note():
                phases.kept_later.append(effect)
            case Record() if effect.at_once:
                phases.at_once.append(effect)
            case Record():
                phases.recording.append(effect)
            case Media() | Negotiate():
                phases.media.append(effect)
            case Tell() | Replay() | Dismiss():
                phases.people.append(effect)
            case _:
                assert_never(effect)
    return phases
