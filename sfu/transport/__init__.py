"""How clients reach us: ICE-lite, DTLS, one UDP and one TCP port for everybody."""

from sfu.transport.association import Association, AssociationListener
from sfu.transport.ports import MediaPorts, PortCounters
from sfu.transport.sockets import AddressUnusable, PortTaken, can_bind

__all__ = [
    "AddressUnusable",
    "Association",
    "AssociationListener",
    "MediaPorts",
    "PortCounters",
    "PortTaken",
    "can_bind",
]
