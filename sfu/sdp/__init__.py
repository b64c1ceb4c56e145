"""SDP at the edge: the client's offer in, our answer out. Pure."""

from sfu.sdp.answer import SlotStream, write_answer
from sfu.sdp.lines import Extensions, ReceiveLine, SendLine
from sfu.sdp.offer import Offer, parse_offer_untrusted
from sfu.sdp.parameters import Candidate, Fingerprint, LocalTransport, RemoteTransport

__all__ = [
    "Candidate",
    "Extensions",
    "Fingerprint",
    "LocalTransport",
    "Offer",
    "ReceiveLine",
    "RemoteTransport",
    "SendLine",
    "SlotStream",
    "parse_offer_untrusted",
    "write_answer",
]
