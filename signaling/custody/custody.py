"""How long recordings are kept, as the meeting's rules say. Pure."""

from collections.abc import Collection, Iterable, Mapping

from recorder import RecordingId
from recorder.shelf import ShelvedRecording

DAY_MS = 86_400_000


def delete_ms(kept: ShelvedRecording, keep_days: int) -> int:
    """When it is to be deleted, in Unix time, counted from what was written last; 0: never."""
    return kept.last_ms + keep_days * DAY_MS if keep_days > 0 else 0


def due(
    shelf: Iterable[ShelvedRecording],
    keep_days: Mapping[str, int],
    going_on: Collection[RecordingId],
    now_ms: int,
) -> tuple[ShelvedRecording, ...]:
    """Those whose time is over. Never one that goes on, however long its meeting has been paused.

    Shapes: keep_days by the meeting's code; a meeting that is not in it keeps its recordings for ever.
    """
    over: list[ShelvedRecording] = []
    for kept in shelf:
        until_ms = delete_ms(kept, keep_days.get(kept.meeting, 0))
        if 0 < until_ms <= now_ms and kept.id not in going_on:
            over.append(kept)
    return tuple(over)
