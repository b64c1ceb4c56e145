"""Attacks on the media door. Each owns a media line, as anybody does who has a delegate's account, and sends
20,000 datagrams a second over it, unless a few are enough.

What is sent is made before the sending begins: this side must not be what the measured one suffers from."""

import asyncio
import contextlib
import itertools
import secrets
import socket
import struct
import time
from collections.abc import Iterator

from sfu.rtp import rtcp
from sfu.transport import stun
from sfu.transport.stun import Attribute, Kind
from tests.door.flood import Flood
from tests.door.hostile_line import Line, hostile_line
from tests.door.target import AttackFigures, Target
from tests.support.offer import MID_EXT, OPUS, TWCC_EXT, VP8

RATE = 20_000
STRANGERS = 4096
"""SSRCs that a line is made to know: as many as the sending side can still seal for in a reasonable time."""
NEWCOMER_EACH_S = 0.5


# --- feedback ------------------------------------------------------------------------------------


async def feedback_of_thousands(target: Target, seconds: float) -> AttackFigures:
    """From a line check that nobody admitted: 56 transport-wide feedbacks in a datagram, each of which
    declares 8,191 packets in one chunk. Five datagrams a second."""
    part = struct.pack("!BBHIIHHIHH", 0x8F, 205, 5, 1, 1, 0, 8191, 0, 8191, 0)
    async with hostile_line(target, check=True) as line:
        return await _flood(line, itertools.repeat(part * 56), 5, seconds)


async def feedback_flood(target: Target, seconds: float) -> AttackFigures:
    """Feedback that looks honest, too often."""
    part = struct.pack("!BBHIIHHIHH", 0x8F, 205, 5, 1, 1, 0, 100, 0, 100, 0)
    async with hostile_line(target) as line:
        return await _flood(line, itertools.repeat(part), RATE, seconds)


async def reporters_without_end(target: Target, seconds: float) -> AttackFigures:
    """Each report comes from another SSRC: libsrtp keeps state for every one that it believes."""
    reports = (rtcp.receiver_report(ssrc, ()) for ssrc in _strangers())
    async with hostile_line(target) as line:
        return await _flood(line, reports, RATE, seconds)


async def requests_to_send_again(target: Target, seconds: float) -> AttackFigures:
    """Each asks for a thousand packets."""
    async with hostile_line(target) as line:
        wanted = itertools.cycle([rtcp.nack(1, ssrc, range(1000)) for ssrc in line.slots])
        return await _flood(line, wanted, RATE, seconds)


async def keyframe_requests(target: Target, seconds: float) -> AttackFigures:
    async with hostile_line(target) as line:
        wanted = itertools.cycle([rtcp.pli(1, ssrc) for ssrc in line.slots])
        return await _flood(line, wanted, RATE, seconds)


async def forged_reports(target: Target, seconds: float) -> AttackFigures:
    """SRTCP that fails authentication, from an admitted address."""
    async with hostile_line(target) as line:
        packets = [rtcp.receiver_report(1, ()) + secrets.token_bytes(20) for _ in range(64)]
        return AttackFigures(await line.flood(packets, RATE, seconds), seconds)


# --- media ---------------------------------------------------------------------------------------


async def forged_media(target: Target, seconds: float) -> AttackFigures:
    """RTP that fails authentication, from an admitted address."""
    async with hostile_line(target) as line:
        packets = [voice(number) + secrets.token_bytes(16) for number in range(64)]
        return AttackFigures(await line.flood(packets, RATE, seconds), seconds)


async def repeated_media(target: Target, seconds: float) -> AttackFigures:
    """The same authentic packets, over and over."""
    async with hostile_line(target) as line:
        packets = line.sealed(voice(number) for number in range(64))
        return AttackFigures(await line.flood(packets, RATE, seconds), seconds)


async def strangers_without_end(target: Target, seconds: float) -> AttackFigures:
    """Each packet has another SSRC."""
    async with hostile_line(target) as line:
        return await _flood(line, (voice(1, ssrc=ssrc) for ssrc in _strangers()), RATE, seconds)


async def media_flood(target: Target, seconds: float) -> AttackFigures:
    """A camera that sends 20,000 packets a second."""
    async with hostile_line(target) as line:
        return await _flood(line, (picture(number) for number in itertools.count()), RATE, seconds)


async def padding_flood(target: Target, seconds: float) -> AttackFigures:
    """Packets of nothing but padding."""
    async with hostile_line(target) as line:
        return await _flood(line, (padding(number) for number in itertools.count()), RATE, seconds)


async def leaping_numbers(target: Target, seconds: float) -> AttackFigures:
    """The transport-wide numbers of 2,000 packets a second leap: all between were to be reported as lost."""
    async with hostile_line(target) as line:
        leaps = (picture(number, twcc=number * 2000) for number in itertools.count())
        return await _flood(line, leaps, 2000, seconds)


async def holes_without_end(target: Target, seconds: float) -> AttackFigures:
    """Every second packet of a picture is missing: all of them were to be asked for."""
    async with hostile_line(target) as line:
        return await _flood(line, (picture(2 * number) for number in itertools.count()), 2000, seconds)


# --- connectivity checks and DTLS ----------------------------------------------------------------


async def valid_checks(target: Target, seconds: float) -> AttackFigures:
    async with hostile_line(target) as line:
        return AttackFigures(await line.flood([line.client.request()], RATE, seconds), seconds)


async def valid_checks_from_many_addresses(target: Target, seconds: float) -> AttackFigures:
    """One password, and a new address for each check."""
    async with hostile_line(target) as line:
        sockets = [_udp(line.address) for _ in range(100)]
        sent = await asyncio.to_thread(Flood(sockets, [line.client.request()], RATE, seconds).run)
        for one in sockets:
            one.close()
        return AttackFigures(sent, seconds, {"addresses": float(len(sockets))})


async def unknown_names(target: Target, seconds: float) -> AttackFigures:
    """Checks with names that nobody has, from addresses that nobody knows. Meanwhile delegates come whose
    first checks are the only ones that they send."""
    with contextlib.closing(_udp((target.address, target.media_port))) as sock:
        flood = Flood([sock], [stranger_check() for _ in range(64)], 5000, seconds)
        sent, (came, missed) = await asyncio.gather(asyncio.to_thread(flood.run), _newcomers(target, seconds))
        return AttackFigures(sent, seconds, {"newcomers": came, "first_checks_missed": missed})


async def records_after_the_handshake(target: Target, seconds: float) -> AttackFigures:
    """DTLS: the beginnings of ClientHellos, and records of nothing."""
    async with hostile_line(target) as line:
        hello = struct.pack("!BHHHIH", 22, 0xFEFF, 0, 0, 1, 112) + b"\x01" + bytes(111)
        nothing = struct.pack("!BHHHIH", 23, 0xFEFD, 1, 0, 1, 64) + secrets.token_bytes(64)
        return AttackFigures(await line.flood([hello, nothing], RATE, seconds), seconds)


# --- TCP -----------------------------------------------------------------------------------------


async def connections_from_nine_addresses(target: Target, seconds: float) -> AttackFigures:
    """64 connections from each, which are opened again whenever they are closed. Meanwhile delegates come
    over TCP."""
    crowd = [
        asyncio.create_task(_hold(target, f"127.0.0.{10 + host}")) for host in range(9) for _ in range(64)
    ]
    await asyncio.sleep(1)
    came, missed = await _newcomers(target, seconds, over_tcp=True)
    opened = 0
    for one in crowd:
        one.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            opened += await one
    return AttackFigures(opened, seconds, {"newcomers": came, "refused": missed})


async def empty_frames(target: Target, seconds: float) -> AttackFigures:
    """Frames of no length over TCP, as fast as the connection takes them."""
    async with hostile_line(target, over_tcp=True) as line:
        return await _pour(line, bytes(1 << 16), seconds)


async def frames_of_checks(target: Target, seconds: float) -> AttackFigures:
    """Valid checks over TCP, as fast as the connection takes them."""
    async with hostile_line(target, over_tcp=True) as line:
        check = line.client.request()
        return await _pour(line, (len(check).to_bytes(2, "big") + check) * 500, seconds)


# --- inside --------------------------------------------------------------------------------------


def _strangers() -> Iterator[int]:
    return itertools.cycle(range(1000, 1000 + STRANGERS))


async def _flood(line: Line, packets: Iterator[bytes], rate: float, seconds: float) -> AttackFigures:
    """Each packet goes once."""
    made = await asyncio.to_thread(line.sealed, itertools.islice(packets, int(rate * seconds) + 64))
    return AttackFigures(await line.flood(made, rate, seconds), seconds)


async def _pour(line: Line, data: bytes, seconds: float) -> AttackFigures:
    stream = line.client.stream
    assert stream is not None
    stream.set_write_buffer_limits(high=len(data))
    begun, sent = time.monotonic(), 0
    while time.monotonic() - begun < seconds and not stream.is_closing():
        if stream.get_write_buffer_size() <= len(data):
            stream.write(data)
            sent += len(data)
        await asyncio.sleep(0)
    return AttackFigures(sent, seconds, {"closed": float(stream.is_closing())})


async def _newcomers(target: Target, seconds: float, *, over_tcp: bool = False) -> tuple[float, float]:
    """Delegates who come one after another: how many, and how many of them got no way."""
    end, came, missed = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        came += 1
        try:
            async with hostile_line(target, attacker=1 + came % 3, over_tcp=over_tcp):
                pass
        except (TimeoutError, OSError):
            missed += 1
        await asyncio.sleep(NEWCOMER_EACH_S)
    return float(came), float(missed)


async def _hold(target: Target, host: str) -> int:
    """Open a connection, and again whenever it is closed."""
    opened = 0
    try:
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(
                    target.address, target.media_port, local_addr=(host, 0)
                )
                opened += 1
                try:
                    await reader.read()
                finally:
                    writer.close()
            await asyncio.sleep(0.5)
    except asyncio.CancelledError:
        return opened


def _udp(address: tuple[str, int]) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.connect(address)
    return made


def stranger_check() -> bytes:
    attributes = [
        (int(Attribute.USERNAME), f"{secrets.token_hex(4)}:test".encode()),
        (int(Attribute.PRIORITY), bytes(4)),
    ]
    return stun.build(Kind.REQUEST, secrets.token_bytes(12), attributes, secrets.token_bytes(16))


def rtp(pt: int, number: int, ts: int, ssrc: int, mid: bytes, twcc: int, body: bytes) -> bytes:
    extensions = bytes((MID_EXT << 4,)) + mid + bytes((TWCC_EXT << 4 | 1,)) + struct.pack("!H", twcc & 0xFFFF)
    extensions += bytes(-len(extensions) % 4)
    head = struct.pack("!BBHII", 0x90, pt, number & 0xFFFF, ts & 0xFFFFFFFF, ssrc)
    return head + struct.pack("!HH", 0xBEDE, len(extensions) // 4) + extensions + body


def voice(number: int, ssrc: int = 77) -> bytes:
    return rtp(OPUS, number, number * 960, ssrc, b"0", number, b"\xf8" + bytes(60))


def picture(number: int, twcc: int | None = None) -> bytes:
    """Of the screen, which has one layer: a keyframe each time, so that whoever may see it gets it."""
    head = (
        struct.pack("!BBH", 0x90, 0x80, 0x8000 | number & 0x7FFF)
        + b"\x10\x02\x00\x9d\x01\x2a\x40\x01\xf0\x00"
    )
    return rtp(VP8, number, number * 90, 78, b"2", number if twcc is None else twcc, head + bytes(100))


def padding(number: int) -> bytes:
    packet = bytearray(rtp(VP8, number, number * 90, 78, b"2", number, bytes(99) + b"\x64"))
    packet[0] |= 0x20
    return bytes(packet)
