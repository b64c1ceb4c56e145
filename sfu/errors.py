"""What the media plane's parsers raise: one name for each kind of untrusted input. Pure.

BadPacket   bytes from the network are not what they claim to be: dropped and counted, not logged one by one
BadOffer    an SDP offer is nonsense or not ours: the client is told
"""

from enum import StrEnum


class BadPacket(Exception):
    """Bytes that arrived from the network cannot be used. Harmless: drop and count."""


class OfferFault(StrEnum):
    """What is wrong with an offer, for tests and logs; people are told only that it is not usable."""

    TOO_LARGE = "too-large"
    NOT_SDP = "not-sdp"
    LINES = "lines"
    BUNDLE = "bundle"
    CODEC = "codec"
    ICE = "ice"
    DTLS = "dtls"
    SIMULCAST = "simulcast"
    EXTENSION = "extension"
    CHANGED = "changed"


class BadOffer(Exception):
    """An offer that cannot be answered: nonsense, or not the one our client makes."""

    def __init__(self, fault: OfferFault, detail: str) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
        self.detail = detail
