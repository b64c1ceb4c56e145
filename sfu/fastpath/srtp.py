"""Keys: the libsrtp sessions of a transport, one for each direction.

One session per slot was tried: libsrtp searches an SSRC's state in a list, and a session with one SSRC saves
some 10 ns of search among 17. But each session has its own cipher (3 KB), which is no longer in the cache
after the pause between two frames; that cost more. The SSRCs of one session share the cipher.
"""

from enum import IntEnum

from pylibsrtp import Policy, Session


class SrtpProfile(IntEnum):
    AEAD_AES_128_GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    AEAD_AES_256_GCM = Policy.SRTP_PROFILE_AEAD_AES_256_GCM
    AES128_CM_SHA1_80 = Policy.SRTP_PROFILE_AES128_CM_SHA1_80


WINDOW = 1024
"""Packets; libsrtp's default of 128 would refuse a retransmission that comes a second late."""


def make_session(profile: SrtpProfile, key: bytes, *, inbound: bool) -> Session:
    """A session for any SSRC. Raises ValueError when the key is too short.

    Repeating a number is not allowed. The kernel never does it, because under AES-GCM two packets with one
    number and different bytes would give the authentication key away; libsrtp is a second safeguard."""
    policy = Policy(
        key=key,
        ssrc_type=Policy.SSRC_ANY_INBOUND if inbound else Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=int(profile),
    )
    policy.window_size = WINDOW
    return Session(policy)


class Keys:
    """Both sessions of a transport. Its row holds their pointers, so this object must outlive them."""

    __slots__ = ("rx", "tx")

    def __init__(self, profile: SrtpProfile, rx_key: bytes, tx_key: bytes) -> None:
        self.rx = make_session(profile, rx_key, inbound=True)
        self.tx = make_session(profile, tx_key, inbound=False)
