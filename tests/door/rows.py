"""The rows of make bench-door: which attack, for how long, and what people may notice of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.door.scene import HARMLESS_MS

LOST_PERCENT = 1.0
MAX_FLOOD_MB = 40.0
"""640 connections of one network with TLS, 64 kB each."""
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


def gives_memory_back(figures: Figures) -> bool:
    most = figures["control_most_mb"] - figures["control_mb"]
    return harmless(figures) and most <= MAX_FLOOD_MB


WEB_DOOR = (
    Row("web door: 1,200 silent connections", "attacks_web:silent_connections"),
    Row("web door: 1,200 halves of a TLS handshake", "attacks_web:half_handshakes"),
    Row(
        "web door: 3,000 TLS connections with half a header",
        "attacks_web:half_headers",
        30.0,
        target=f"harmless, and control grows by at most {MAX_FLOOD_MB:.0f} MB",
        reached=gives_memory_back,
    ),
    Row("web door: 1,200 halves of a body", "attacks_web:half_bodies"),
    Row("web door: answers that nobody reads", "attacks_web:unread_answers"),
    Row("web door: no requests, bad ones, halves", "attacks_web:no_requests"),
    Row("web door: anonymous questions", "attacks_web:anonymous_questions"),
    Row("web door: control pings of one session", "attacks_web:pings"),
    Row("web door: empty parts of a message", "attacks_web:empty_parts"),
    Row("web door: one account opens 400 WebSockets", "attacks_web:many_sockets"),
)
ROWS = (
    Row("nothing (reference)", "faults:nothing"),
    *WEB_DOOR,
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
