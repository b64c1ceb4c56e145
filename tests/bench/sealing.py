"""What sealing a recording costs: rows of `make bench`.

MB (10^6 bytes) for each second of CPU, of all threads together, from a plain byte in to a sealed one out,
with one seal and with two. Beside it the floor: the same cipher (ChaCha20-Poly1305, of `cryptography`)
over 64-KiB chunks in a bare loop. They take turns, because the machine is not quiet; a row is the median."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from rich.table import Table

from recorder.format.chunks import CHUNK_BYTES
from recorder.opening.unsealed import new_key
from recorder.writing.sealer import MAX_QUEUED_BYTES, Sealer

ROUNDS = 7
TOTAL_BYTES = 64 << 20
BLOCK = 32 << 10
BAR_MB_S = 150.0
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Sealing:
    one_lock_mb_s: float
    two_locks_mb_s: float
    floor_mb_s: float

    def as_json(self) -> dict[str, float]:
        return {
            "one_lock_mb_s": round(self.one_lock_mb_s, 1),
            "two_locks_mb_s": round(self.two_locks_mb_s, 1),
            "floor_mb_s": round(self.floor_mb_s, 1),
        }

    def table(self) -> Table:
        table = Table(title=f"Sealing a recording, one core (MB/s; at least {BAR_MB_S:.0f} with one lock)")
        for name in ("one lock", "two locks", "floor: the cipher alone", "one lock/floor"):
            table.add_column(name, justify="right")
        table.add_row(
            f"{self.one_lock_mb_s:.0f}",
            f"{self.two_locks_mb_s:.0f}",
            f"{self.floor_mb_s:.0f}",
            f"{self.one_lock_mb_s / self.floor_mb_s:.2f}",
        )
        return table


def measure_sealing(rounds: int = ROUNDS, total: int = TOTAL_BYTES) -> Sealing:
    one, two = [new_key().public], [new_key().public]
    block = os.urandom(BLOCK)
    contenders: list[Callable[[], None]] = [
        lambda: _sealed(one, [], block, total),
        lambda: _sealed(one, two, block, total),
        lambda: _cipher(total),
    ]
    found = [[_mb_s(contender, total) for contender in contenders] for _ in range(rounds)]
    return Sealing(*(statistics.median(column) for column in zip(*found, strict=True)))


def _mb_s(contender: Callable[[], None], total: int) -> float:
    cpu = time.process_time()
    contender()
    return total / _MB / (time.process_time() - cpu)


def _sealed(first: list[str], second: list[str], block: bytes, total: int) -> None:
    came = 0

    def count(sealed: bytes) -> None:
        nonlocal came
        came += len(sealed)

    sealer = Sealer(first, second, count)
    at_once = MAX_QUEUED_BYTES // 2 // len(block)
    for at in range(total // len(block)):
        if at % at_once == 0:
            sealer.drained()
        sealer.write(block)
    sealer.close()
    assert came > total


def _cipher(total: int) -> None:
    cipher, chunk = ChaCha20Poly1305(ChaCha20Poly1305.generate_key()), os.urandom(CHUNK_BYTES)
    for at in range(total // CHUNK_BYTES):
        cipher.encrypt(at.to_bytes(12, "big"), chunk, None)
