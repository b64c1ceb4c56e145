"""How the ears and the level header each judge a labelled microphone, counted side by side."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from rich.table import Table

from sfu.voice import InlineEars, Sound
from sfu.voice.decoder import Decoder
from tests.support.mix.opus import PACKET, Packet, encode
from tests.support.mix.scene import Microphone, Stretch
from tests.support.mix.speech import RATE

PACKET_S = PACKET / RATE
STEP_S = 0.02
"""How often packets are handed over and judgments taken; each adds its own wait."""
IN_TIME_S = 0.25
AFTERGLOW_S = 0.5
"""For this long after the end of a turn an activation is not false: both judges are to bridge the pause
between two words."""
HEADER_DBOV = 50
"""A louder header counted as speech, before there were ears."""


@dataclass(slots=True)
class Found:
    """By one judge."""

    turns: int = 0
    in_time: int = 0
    worst_s: float = 0.0
    other_packets: int = 0
    """Outside of turns."""
    false_packets: int = 0
    """Those of them judged as speech."""

    @property
    def share(self) -> float:
        return self.in_time / self.turns if self.turns else 1.0

    @property
    def false_share(self) -> float:
        return self.false_packets / self.other_packets if self.other_packets else 0.0

    def add(self, speaking: Sequence[bool], turns: Sequence[Stretch], waits_s: float) -> None:
        ends = (np.arange(len(speaking)) + 1) * PACKET_S
        active = np.array(speaking)
        inside = np.zeros(len(speaking), bool)
        for turn in turns:
            inside |= (ends >= turn.start_s) & (ends < turn.end_s + AFTERGLOW_S)
            known = ends[active & (ends >= turn.start_s) & (ends <= turn.end_s)]
            took_s = float(known[0]) + waits_s - turn.start_s if len(known) else float("inf")
            self.turns += 1
            self.in_time += took_s <= IN_TIME_S
            self.worst_s = max(self.worst_s, took_s)
        self.other_packets += int((~inside).sum())
        self.false_packets += int((active & ~inside).sum())


@dataclass(slots=True)
class Row:
    """One kind of microphone."""

    ears: Found = field(default_factory=Found)
    header: Found = field(default_factory=Found)


def listen(packets: Sequence[Packet]) -> list[bool]:
    """What the ears say after each packet."""
    ears = InlineEars()
    speaking: list[bool] = []
    for number, packet in enumerate(packets):
        ears.hear([Sound(1, number * PACKET, packet.data)])
        speaking.append(ears.judgments()[1].speaking)
    return speaking


def compare(microphones: Iterable[Microphone]) -> dict[str, Row]:
    """By kind. Both judgments are taken at each step."""
    rows: dict[str, Row] = {}
    for microphone in microphones:
        packets = encode(microphone.samples)
        row = rows.setdefault(microphone.kind, Row())
        row.ears.add(listen(packets), microphone.turns, 2 * STEP_S)
        row.header.add([packet.level_dbov <= HEADER_DBOV for packet in packets], microphone.turns, STEP_S)
    return rows


def total(rows: dict[str, Row], *kinds: str) -> Row:
    together = Row()
    for kind in kinds:
        for sums, found in ((together.ears, rows[kind].ears), (together.header, rows[kind].header)):
            sums.turns += found.turns
            sums.in_time += found.in_time
            sums.worst_s = max(sums.worst_s, found.worst_s)
            sums.other_packets += found.other_packets
            sums.false_packets += found.false_packets
    return together


def table(rows: dict[str, Row], title: str) -> Table:
    table = Table(title=title)
    table.add_column("microphone")
    for name in ("turns", "found in 250 ms", "by header", "worst (ms)", "false", "by header"):
        table.add_column(name, justify="right")
    for kind, row in rows.items():
        ears, header = row.ears, row.header
        found = (f"{ears.share:.1%}", f"{header.share:.1%}", f"{ears.worst_s * 1000:.0f}")
        table.add_row(
            kind,
            str(ears.turns or ""),
            *(found if ears.turns else ("", "", "")),
            f"{ears.false_share:.1%}",
            f"{header.false_share:.1%}",
        )
    return table


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU microseconds of one packet of 20 ms."""

    decode_us: float
    """Opus alone."""
    judge_us: float
    """Everything that the ears do, decoding included."""


def cost(packets: Sequence[Packet]) -> Cost:
    decoder = Decoder()
    begun = time.process_time()
    for packet in packets:
        decoder.decode(packet.data)
    decode_s = time.process_time() - begun
    begun = time.process_time()
    listen(packets)
    judge_s = time.process_time() - begun
    return Cost(decode_s / len(packets) * 1e6, judge_s / len(packets) * 1e6)
