"""What the ears cost and how well they judge: rows of `make bench`.

The cost is CPU of one packet of 20 ms, the median over rounds; beside it stands what decoding alone takes in
the same round. How well: the labelled mix of tests/world, by sound and by the level header."""

import statistics
from dataclasses import asdict, dataclass

import numpy as np
from rich.table import Table

from tests.support.mix import noises
from tests.support.mix.hearing import Cost, Found, Row, compare, cost, table, total
from tests.support.mix.opus import encode
from tests.support.mix.scene import gain, microphones, talk
from tests.support.mix.speech import Samples

SEED = 7
ROUNDS = 9
TALK_DBFS, FAN_DBFS = -25.0, -38.0
SPEECH = ("speech", "speech+fan")


@dataclass(frozen=True, slots=True)
class Voices:
    costs: dict[str, Cost]
    rows: dict[str, Row]

    def as_json(self) -> dict[str, object]:
        speech, fan = total(self.rows, *SPEECH), self.rows["fan"]
        return {
            "packet_us": {kind: round(found.judge_us, 1) for kind, found in self.costs.items()},
            "decode_us": {kind: round(found.decode_us, 1) for kind, found in self.costs.items()},
            "found_in_250_ms": round(speech.ears.share, 4),
            "found_in_250_ms_by_header": round(speech.header.share, 4),
            "false_by_steady_noise": round(fan.ears.false_share, 4),
            "false_by_steady_noise_by_header": round(fan.header.false_share, 4),
            "rows": {
                kind: {"ears": _json(row.ears), "header": _json(row.header)}
                for kind, row in self.rows.items()
            },
        }

    def tables(self) -> tuple[Table, Table]:
        costs = Table(title="CPU for each packet of an open microphone (us)")
        costs.add_column("microphone")
        for name in ("ears", "decoding alone"):
            costs.add_column(name, justify="right")
        for kind, found in self.costs.items():
            costs.add_row(kind, f"{found.judge_us:.1f}", f"{found.decode_us:.1f}")
        return costs, table(self.rows, "Speech by its sound, and by the level header (RFC 6464)")


def measure_voices() -> Voices:
    """Raises NoSynthesizer."""
    random = np.random.default_rng(SEED)
    sounds: dict[str, Samples] = {
        "speech": talk(random, "speech", TALK_DBFS).samples,
        "fan": noises.fan(random, 20.0) * gain(FAN_DBFS),
        "quiet room": noises.room(random, 20.0) * gain(-62.0),
    }
    return Voices(_costs(sounds), compare(microphones(SEED)))


def _costs(sounds: dict[str, Samples]) -> dict[str, Cost]:
    """They take turns, because the machine is not quiet."""
    packets = {kind: encode(samples) for kind, samples in sounds.items()}
    rounds = [{kind: cost(one) for kind, one in packets.items()} for _ in range(ROUNDS)]
    return {
        kind: Cost(
            statistics.median(found[kind].decode_us for found in rounds),
            statistics.median(found[kind].judge_us for found in rounds),
        )
        for kind in packets
    }


def _json(found: Found) -> dict[str, float]:
    plain = asdict(found) | {"worst_s": round(found.worst_s, 3), "false_share": round(found.false_share, 4)}
    return {name: value for name, value in plain.items() if np.isfinite(value)}
