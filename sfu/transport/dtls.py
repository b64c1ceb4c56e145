"""DTLS of one Transport: aiortc's handshake over our datagrams, passive. All we want from it are the SRTP
keys.

Everything private in aiortc that the project uses is in this file (`_ssl`, `_set_role`, `_set_state`,
`_do_handshake`, `_validate_peer_identity`, `_recv_next`, `_srtp_profiles`, `_create_ssl_context`). aiortc is
pinned, and tests/loopback/test_dtls.py checks these names. Its own `start` is not used: it would open two
SRTP sessions that nobody reads, and leave its pump in a task that nobody owns.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from aiortc import RTCCertificate
from aiortc import rtcdtlstransport as aiortc_dtls
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, State
from OpenSSL import SSL

from sfu.fastpath import SrtpProfile
from sfu.sdp import Fingerprint, RemoteTransport

HANDSHAKE_DEADLINE_S = 15.0
"""Counted from the first address. On a line with 20 % loss a handshake takes up to 7 s."""
MAX_QUEUED = 32
"""Datagrams waiting for OpenSSL. A flight has at most five; more than this is a flood."""

# The server picks the first of its own profiles that the client offers. AES-128-GCM is the cheapest to
# forward.
_PROFILES = (
    (aiortc_dtls.SRTP_AEAD_AES_128_GCM, SrtpProfile.AEAD_AES_128_GCM),
    (aiortc_dtls.SRTP_AEAD_AES_256_GCM, SrtpProfile.AEAD_AES_256_GCM),
    (aiortc_dtls.SRTP_AES128_CM_SHA1_80, SrtpProfile.AES128_CM_SHA1_80),
)


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """Shapes: master key followed by master salt, for each direction."""

    profile: SrtpProfile
    rx: bytes
    tx: bytes


class End(StrEnum):
    """Why a DTLS association is over."""

    CLOSE_NOTIFY = "close-notify"
    FAILED = "handshake-failed"
    TIMED_OUT = "handshake-timed-out"
    NO_SRTP = "no-srtp-profile"
    IDENTITY = "fingerprint-mismatch"


def fingerprint_of(certificate: RTCCertificate) -> Fingerprint:
    """The SHA-256 one, as the answer carries it."""
    return next(
        Fingerprint(x.algorithm, x.value) for x in certificate.getFingerprints() if x.algorithm == "sha-256"
    )


class _Datagrams:
    """What RTCDtlsTransport needs from an ICE transport."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(MAX_QUEUED)
        self._write = send

    async def _recv(self) -> bytes:
        return await self.queue.get()

    async def _send(self, data: bytes) -> None:
        self._write(data)


class Dtls(RTCDtlsTransport):
    """One association. The owner runs `run` in a task, feeds it datagrams, and cancels the task to end it."""

    def __init__(self, certificate: RTCCertificate, send: Callable[[bytes], None]) -> None:
        """`send` sends datagrams to the nominated address and never blocks."""
        self._datagrams = _Datagrams(send)
        super().__init__(self._datagrams, [certificate])  # type: ignore[arg-type]  # duck-typed, see _Datagrams
        self._certificate = certificate
        self._set_role("server")
        self._srtp_profiles = [profile for profile, _ in _PROFILES]

    def feed(self, datagram: bytes) -> None:
        """A datagram with a first byte in 20..63 arrived. It is dropped when too many wait; DTLS
        retransmits."""
        if datagram and not self._datagrams.queue.full():
            self._datagrams.queue.put_nowait(datagram)

    async def run(self, remote: RemoteTransport, connected: Callable[[SrtpKeys], None]) -> End:
        """Handshake, hand over the keys, then wait until the client closes. Returns why it ended."""
        self._ssl = SSL.Connection(self._certificate._create_ssl_context(self._srtp_profiles))
        self._ssl.set_accept_state()
        self._set_state(State.CONNECTING)
        try:
            async with asyncio.timeout(HANDSHAKE_DEADLINE_S):
                await self._do_handshake()
        except TimeoutError:
            self._set_state(State.FAILED)
            return End.TIMED_OUT
        if self._state is State.FAILED:
            return End.FAILED
        self._validate_peer_identity(_parameters(remote))
        if self._has_failed():
            return End.IDENTITY
        keys = self._export_keys()
        if keys is None:
            self._set_state(State.FAILED)
            return End.NO_SRTP
        self._set_state(State.CONNECTED)
        connected(keys)
        try:
            while True:
                await self._recv_next()
        except ConnectionError:  # aiortc's word for close_notify
            self._set_state(State.CLOSED)
            return End.CLOSE_NOTIFY

    def close(self) -> None:
        """Tell the other side, once; the owner cancels the task."""
        if self._ssl is None or self._state not in (State.CONNECTING, State.CONNECTED):
            return
        self._set_state(State.CLOSED)
        try:
            self._ssl.shutdown()
            farewell = self._ssl.bio_read(1500)
        except SSL.Error:
            return  # in the middle of a handshake there is nobody to tell
        self._datagrams._write(farewell)

    def _has_failed(self) -> bool:
        return self._state is State.FAILED

    def _export_keys(self) -> SrtpKeys | None:
        """Source: RFC 5764 section 4.2; as server we receive with the client's key."""
        assert self._ssl is not None
        selected = self._ssl.get_selected_srtp_profile()
        for profile, ours in _PROFILES:
            if profile.openssl_profile == selected:
                size = 2 * (profile.key_length + profile.salt_length)
                material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
                rx, tx = (profile.get_key_and_salt(material, index) for index in (0, 1))
                return SrtpKeys(ours, rx, tx)
        return None


def _parameters(remote: RemoteTransport) -> RTCDtlsParameters:
    return RTCDtlsParameters([RTCDtlsFingerprint(x.algorithm, x.value) for x in remote.fingerprints])
