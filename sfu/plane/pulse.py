"""One look at the fast path's tables, on which the ticker bases its decisions.

Reading a field of a numpy row costs about a microsecond; a whole column as a list costs ten. So the ticker
looks once, and everybody reads the same instant.
"""

from dataclasses import dataclass

from sfu.fastpath import FastPath

TICK_S = 0.1
"""The ticker's pace. Transport-wide feedback needs 50-100 ms; a new voice is heard within one tick."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Columns by row number. Instants in the rows are microseconds of the same clock as `now` (seconds)."""

    now: float
    layer_last_us: list[int]
    layer_keyframes: list[int]
    layer_height: list[int]
    layer_bytes: tuple[list[int], list[int], list[int]]
    """Cumulative, by temporal layer; so are the frames."""
    layer_frames: tuple[list[int], list[int], list[int]]
    producer_last_us: list[int]
    slot_layer: list[int]
    slot_target: list[int]
    slot_bytes: list[int]
    """Cumulative payload."""

    def is_waiting(self, slot: int) -> bool:
        """A switch was asked for and its keyframe has not passed yet."""
        return self.slot_target[slot] >= 0 and self.slot_layer[slot] != self.slot_target[slot]


def take_pulse(fastpath: FastPath, now: float) -> Pulse:
    layers = fastpath.layers
    return Pulse(
        now=now,
        layer_last_us=layers["last_us"].tolist(),
        layer_keyframes=layers["keyframes"].tolist(),
        layer_height=layers["height"].tolist(),
        layer_bytes=(layers["bytes0"].tolist(), layers["bytes1"].tolist(), layers["bytes2"].tolist()),
        layer_frames=(layers["frames0"].tolist(), layers["frames1"].tolist(), layers["frames2"].tolist()),
        producer_last_us=fastpath.producers["last_us"].tolist(),
        slot_layer=fastpath.slots["layer"].tolist(),
        slot_target=fastpath.slots["target"].tolist(),
        slot_bytes=fastpath.slots["sent_bytes"].tolist(),
    )
