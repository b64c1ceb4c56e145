"""Our SRTP against an independent one, which itself is checked with the vectors of RFC 3711 and RFC 7714."""

import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sfu.fastpath import MediaKind, SrtpProfile
from tests.support.fastpath_stage import Stage, key, parse, rtp

GCM = (SrtpProfile.AEAD_AES_128_GCM, SrtpProfile.AEAD_AES_256_GCM)


def counter_mode(key: bytes, counter: int, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CTR(counter.to_bytes(16, "big"))).encryptor()
    return encryptor.update(data)


def derive(master: bytes, salt: bytes, label: int, size: int) -> bytes:
    """RFC 3711 section 4.3 with key derivation rate 0; RFC 7714 section 11 pads its 12-byte salt."""
    x = int.from_bytes(salt.ljust(14, b"\0"), "big") ^ label << 48
    return counter_mode(master, x << 16, bytes(size))


class Reference:
    """One direction of SRTP for packets without CSRCs whose roll-over count is 0."""

    def __init__(self, profile: SrtpProfile, keys: bytes) -> None:
        self.gcm = profile in GCM
        key_length, salt_length = (32 if len(keys) == 44 else 16), (12 if self.gcm else 14)
        master, salt = keys[:key_length], keys[key_length : key_length + salt_length]
        self.key = derive(master, salt, 0, key_length)
        self.auth = derive(master, salt, 1, 20)
        self.salt = derive(master, salt, 2, salt_length)

    def protect(self, packet: bytes) -> bytes:
        at = 12 + (4 + 4 * int.from_bytes(packet[14:16], "big") if packet[0] & 0x10 else 0)
        header, body = packet[:at], packet[at:]
        if self.gcm:
            return header + AESGCM(self.key).encrypt(self.gcm_iv(packet), body, header)
        salt = int.from_bytes(self.salt, "big") << 16
        index = int.from_bytes(packet[2:4], "big")
        counter = salt ^ int.from_bytes(packet[8:12], "big") << 64 ^ index << 16
        data = header + counter_mode(self.key, counter, body)
        return data + hmac.digest(self.auth, data + bytes(4), "sha1")[:10]

    def gcm_iv(self, packet: bytes) -> bytes:
        """RFC 7714 section 8.1."""
        plain = bytes(2) + packet[8:12] + bytes(4) + packet[2:4]
        return bytes(a ^ b for a, b in zip(plain, self.salt, strict=True))


def test_key_derivation_of_rfc_3711_appendix_b3() -> None:
    master = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
    salt = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
    assert derive(master, salt, 0, 16).hex() == "c61e7a93744f39ee10734afe3ff7a087"
    assert derive(master, salt, 2, 14).hex() == "30cbbc08863d8c85d49db34a9ae1"
    assert derive(master, salt, 1, 20).hex() == "cebe321f6ff7716b6fd4ab49af256a156d38baa4"


def test_key_stream_of_rfc_3711_appendix_b2() -> None:
    stream = counter_mode(
        bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"),
        int("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000", 16),
        bytes(48),
    )
    assert stream.hex() == (
        "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0"
    )


def test_a_packet_of_rfc_7714_section_16_1_1() -> None:
    reference = Reference(SrtpProfile.AEAD_AES_128_GCM, bytes(28))
    reference.key = bytes(range(16))
    reference.salt = b"Quid pro quo"
    packet = bytes.fromhex("8040f17b8041f8d35501a0b2") + b"Gallia est omnis divisa in partes tres"
    assert reference.gcm_iv(packet).hex() == "51753c6580c2726f20718414"
    assert reference.protect(packet).hex() == (
        "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf"
        "8833899d7f27beb16a9152cf765ee4390cce"
    )


@pytest.mark.parametrize("profile", list(SrtpProfile))
def test_we_send_what_the_reference_would_send(profile: SrtpProfile) -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO, profile=profile), stage.viewer(profile)
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    publisher.send(rtp(1000, 1, b"speech", ts=77))
    ((transport, data, _),) = stage.fastpath.take_stream_out()
    plain = viewer.srtp.unprotect(data)
    assert parse(transport, plain).payload == b"speech"
    assert Reference(profile, key(5, profile)).protect(plain) == data  # the stage's fifth key is the viewer's


@pytest.mark.parametrize("profile", list(SrtpProfile))
def test_we_understand_what_the_reference_sends(profile: SrtpProfile) -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO, profile=profile), stage.viewer(profile)
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    reference = Reference(profile, key(2, profile))
    packet = rtp(1000, 1, b"speech", extensions=((3, b"\0\1"),))
    stage.fastpath.ingest(publisher.transport, [reference.protect(packet)], 0)
    assert [seen.payload for seen in stage.seen()] == [b"speech"]
    assert stage.count("bad_auth") == 0
