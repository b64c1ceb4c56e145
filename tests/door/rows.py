"""The rows of make bench-door: which attack, for how long, and what people may notice of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.door.scene import HARMLESS_MS

LOST_PERCENT = 1.0
Figures = Mapping[str, float]


def harmless(figures: Figures) -> bool:
    """Nobody in the meeting notices it, and everybody who wants is answered."""
    return (
        figures["added_p99_ms"] <= HARMLESS_MS
        and figures["lost_percent"] <= LOST_PERCENT
        and figures["unanswered"] == 0
    )


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    attack: str
    """ "module:function" under tests/door."""
    seconds: float = 10.0
    admitted: bool = False
    """The attackers' accounts are let into the meeting when they knock."""
    target: str = f"p99 at most {HARMLESS_MS:.0f} ms longer, {LOST_PERCENT:.0f} % lost, all answered"
    reached: Callable[[Figures], bool] = harmless


def owner_gets_in(figures: Figures) -> bool:
    return harmless(figures) and figures["owner_refused"] == 0


def orders_go_on(figures: Figures) -> bool:
    return harmless(figures) and figures["order_worst_ms"] <= 200


def comes_back(figures: Figures) -> bool:
    return figures["recovered_s"] <= 20


ROWS = (
    Row("nothing (reference)", "faults:nothing"),
    Row(
        "wrong passwords for a chair's login",
        "faults:wrong_passwords",
        45.0,
        target="harmless, and the chair's right password is never refused",
        reached=owner_gets_in,
    ),
    Row(
        "another process holds the database",
        "faults:database_held",
        20.0,
        target="harmless, and an order takes at most 200 ms",
        reached=orders_go_on,
    ),
    Row(
        "the media worker hangs",
        "faults:worker_hangs",
        12.0,
        target="voices are back within 20 s of the twelfth",
        reached=comes_back,
    ),
)
