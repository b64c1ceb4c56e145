"""Keys: the libsrtp sessions of a transport.

One session for what comes in; one for RTCP and retransmissions going out; and one for each slot that has ever
carried something. They share the key but not the SSRCs: libsrtp looks for an SSRC's state in a line, and a
session of one SSRC finds it at once however many slots the transport has."""

from enum import IntEnum

from pylibsrtp import Policy, Session


class SrtpProfile(IntEnum):
    AEAD_AES_128_GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    AEAD_AES_256_GCM = Policy.SRTP_PROFILE_AEAD_AES_256_GCM
    AES128_CM_SHA1_80 = Policy.SRTP_PROFILE_AES128_CM_SHA1_80


WINDOW = 1024
"""Packets; libsrtp's own 128 would refuse a retransmission that comes a second late."""


def make_session(profile: SrtpProfile, key: bytes, *, inbound: bool) -> Session:
    """A session for any SSRC. Raises ValueError when the key is too short.

    Repeating a number is not allowed: the kernel never does it, and under AES-GCM two packets with one number
    and different bytes would give the authentication key away. libsrtp is the second lock on that door."""
    policy = Policy(
        key=key,
        ssrc_type=Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=int(profile),
    )
    policy.window_size = WINDOW
    return Session(policy)


class Keys:
    """All sessions of one transport. The rows hold their pointers, so this object must outlive them."""

    __slots__ = ("profile", "rtcp", "rx", "slots", "tx_key")

    def __init__(self, profile: SrtpProfile, rx_key: bytes, tx_key: bytes) -> None:
        self.profile = profile
        self.tx_key = tx_key
        self.rx = make_session(profile, rx_key, inbound=True)
        self.rtcp = make_session(profile, tx_key, inbound=False)
        self.slots: dict[int, Session] = {}

    def slot(self, slot: int) -> Session:
        session = self.slots.get(slot)
        if session is None:
            session = self.slots[slot] = make_session(self.profile, self.tx_key, inbound=False)
        return session
