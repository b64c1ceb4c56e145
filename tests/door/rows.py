"""The rows of make bench-door: which attack, for how long, and what people may notice of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.door.scene import HARMLESS_MS

LOST_PERCENT = 1.0
KEPT_MB = 20.0
"""What a process may hold on to afterwards: pieces of memory that others still use."""
LOG_BYTES = 200_000
SOCKETS_OF_ACCOUNT = 8
MAX_FLOOD_MB = 40.0
"""640 connections of one network with TLS, 64 kB each."""
SHORT_LOG = f"harmless, the log grows by at most {LOG_BYTES // 1000} kB"
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


def memory_is_given_back(figures: Figures) -> bool:
    most = figures["control_most_mb"] - figures["control_mb"]
    after = figures["control_after_mb"] - figures["control_mb"]
    return harmless(figures) and most <= MAX_FLOOD_MB and after <= KEPT_MB


def log_stays_short(figures: Figures) -> bool:
    return harmless(figures) and figures["log_bytes"] <= LOG_BYTES


def shares_hold(figures: Figures) -> bool:
    return harmless(figures) and figures["left_open"] <= SOCKETS_OF_ACCOUNT


def newcomers_come(figures: Figures) -> bool:
    return harmless(figures) and figures["newcomers"] > 0 and figures["first_checks_missed"] == 0


def newcomers_have_a_way(figures: Figures) -> bool:
    return harmless(figures) and figures["newcomers"] > 0 and figures["refused"] == 0


MEDIA_DOOR = (
    Row(
        "feedback for 8,191 packets, 56 times in a datagram, from the lobby",
        "attacks_media:feedback_of_thousands",
    ),
    Row("feedback at 20,000 a second", "attacks_media:feedback_flood", admitted=True),
    Row("a new reporter in each report", "attacks_media:reporters_without_end", admitted=True),
    Row("requests to send a thousand packets again", "attacks_media:requests_to_send_again", admitted=True),
    Row("requests for keyframes", "attacks_media:keyframe_requests", admitted=True),
    Row("forged reports", "attacks_media:forged_reports", admitted=True),
    Row("forged media", "attacks_media:forged_media", admitted=True),
    Row("repeated media", "attacks_media:repeated_media", admitted=True),
    Row("a new SSRC in each packet", "attacks_media:strangers_without_end", admitted=True),
    Row("a camera of 20,000 packets a second", "attacks_media:media_flood", admitted=True),
    Row("padding", "attacks_media:padding_flood", admitted=True),
    Row("transport-wide numbers that leap", "attacks_media:leaping_numbers", admitted=True),
    Row("every second packet missing", "attacks_media:holes_without_end", admitted=True),
    Row("valid checks at 20,000 a second", "attacks_media:valid_checks", admitted=True),
    Row("valid checks from a hundred ports", "attacks_media:valid_checks_from_many_addresses", admitted=True),
    Row(
        "checks with unknown names",
        "attacks_media:unknown_names",
        admitted=True,
        target="harmless, and no newcomer's first check is missed",
        reached=newcomers_come,
    ),
    Row("DTLS after the handshake", "attacks_media:records_after_the_handshake", admitted=True),
    Row(
        "64 TCP connections from each of nine addresses",
        "attacks_media:connections_from_nine_addresses",
        admitted=True,
        target="harmless, and every newcomer gets a way",
        reached=newcomers_have_a_way,
    ),
    Row("empty frames over TCP", "attacks_media:empty_frames", admitted=True),
    Row("frames of checks over TCP", "attacks_media:frames_of_checks", admitted=True),
)
WEB_DOOR = (
    Row(
        "1,200 connections that say nothing",
        "attacks_web:silent_connections",
        20.0,
        target=SHORT_LOG,
        reached=log_stays_short,
    ),
    Row(
        "1,200 halves of a TLS handshake",
        "attacks_web:half_handshakes",
        15.0,
        target=SHORT_LOG,
        reached=log_stays_short,
    ),
    Row(
        "3,000 TLS connections with half a header",
        "attacks_web:half_headers",
        25.0,
        target=f"harmless, at most {MAX_FLOOD_MB:.0f} MB more, all but {KEPT_MB:.0f} MB given back",
        reached=memory_is_given_back,
    ),
    Row("1,200 halves of a body", "attacks_web:half_bodies", 15.0),
    Row("answers that nobody takes", "attacks_web:unread_answers"),
    Row("requests that are none", "attacks_web:no_requests", target=SHORT_LOG, reached=log_stays_short),
    Row("questions without an account", "attacks_web:anonymous_questions"),
    Row("control pings over a WebSocket", "attacks_web:pings"),
    Row("empty parts of a message", "attacks_web:empty_parts"),
    Row(
        "400 WebSockets of one account",
        "attacks_web:many_sockets",
        target=f"harmless, at most {SOCKETS_OF_ACCOUNT} stay open",
        reached=shares_hold,
    ),
)
FAULTS = (
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

ROWS = (Row("nothing (reference)", "faults:nothing"), *MEDIA_DOOR, *WEB_DOOR, *FAULTS)
