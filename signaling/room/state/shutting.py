"""Which messages wait for the store or the media worker, and which pass them. Pure.

A session's messages are taken in order, with one exception: what only shuts passes what waits, so that a
chair who admits somebody and then mutes somebody is not kept waiting, nor somebody who shuts a microphone
behind an offer of the own page.
"""

from collections.abc import Iterable

from signaling.protocol import (
    Admit,
    AdmitAll,
    Ban,
    CheckLine,
    ClientMessage,
    Decide,
    EndCheck,
    EndMeeting,
    EndTurn,
    Kick,
    Knock,
    Leave,
    Lock,
    Mute,
    MuteAll,
    Offer,
    PauseRecording,
    Refuse,
    SendBack,
    SetSource,
    StartRecording,
    StopRecording,
    Withdraw,
)

GRANTS = (Knock, Admit, AdmitAll, Decide, StartRecording)
"""Only these have anything stored before it takes effect."""
WAITS = (*GRANTS, Offer, CheckLine)
"""Also what the media worker answers: in a storm of arrivals that takes a while."""

_SHUTTING = (
    *(Mute, MuteAll, Kick, Ban, SendBack, Refuse, EndMeeting, Leave, EndTurn, EndCheck),
    *(Withdraw, StopRecording),
)
_TAKEN_BACK: dict[type[ClientMessage], type[ClientMessage]] = {
    Withdraw: Knock,
    Leave: Knock,
    StopRecording: StartRecording,
    PauseRecording: StartRecording,
    Decide: Decide,
    EndCheck: CheckLine,
}


def only_shuts(message: ClientMessage) -> bool:
    """It takes something away, and gives nothing."""
    match message:
        case SetSource():
            return not message.on
        case Decide():
            return not message.granted
        case Lock() | PauseRecording():
            return message.on
        case _:
            return isinstance(message, _SHUTTING)


def may_pass(message: ClientMessage, waiting: Iterable[ClientMessage]) -> bool:
    """Whether it is carried out before what its session asked for earlier. What takes an earlier one back
    comes after it: until then that one has opened nothing."""
    earlier = _TAKEN_BACK.get(type(message))
    return only_shuts(message) and not any(type(one) is earlier for one in waiting)
