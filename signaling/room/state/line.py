"""What the media plane says of a participant's endpoint, and of a line check. Pure.

A Line holds facts about the media of the moment. They are worth nothing once the media is gone.
"""

from dataclasses import dataclass

from sfu import SlotKind, Source
from signaling.model.ids import AccountId, SessionId
from signaling.protocol import SendPlan, SlotView
from signaling.protocol.line_views import LinePoint, LineView, Quality


@dataclass(frozen=True, slots=True)
class Line:
    """What the media plane says of one endpoint."""

    negotiating: tuple[SessionId, int] | None = None
    """The newest offer that the media worker has not answered: whose, and its number. Slots that are reported
    meanwhile wait for the answer. Answers to older offers are about what this one replaces."""
    had_endpoint: bool = False
    """Before that offer; a refused offer changes nothing."""
    flowing: frozenset[Source] = frozenset()
    stopped: frozenset[Source] = frozenset()
    """Sources that did flow and have stopped."""
    lost: bool = False
    lost_ms: int = 0
    """Since when, on the wall clock."""
    quality: Quality = Quality.UNKNOWN
    leaning: Quality = Quality.UNKNOWN
    """The word for the newest report alone."""
    point: LinePoint | None = None
    """The newest report, as the board shows it."""
    shown: LineView | None = None
    """What the person was shown last of this line."""
    shown_to: SessionId | None = None
    shown_s: float = 0.0
    slots: tuple[SlotView, ...] | None = None
    plan: SendPlan | None = None


CHECK = "check-"
"""Prefix of a line check's endpoint; the session's id follows."""


@dataclass(frozen=True, slots=True)
class Check:
    """A session's line check."""

    account: AccountId
    until_s: float
    offer: int
    """Number of its offer."""
    negotiating: bool = True
    """The offer is with the media worker."""
    quality: Quality = Quality.UNKNOWN
    leaning: Quality = Quality.UNKNOWN


def settled(leaning: Quality, quality: Quality, word: Quality) -> Quality:
    """The word for a line changes only when two reports in a row agree: one lost packet means nothing."""
    return word if word is leaning else quality


def empty_slot(mid: str, kind: SlotKind) -> SlotView:
    return SlotView(mid, kind, None, None)
