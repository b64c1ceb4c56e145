"""What each supervised process is given and what it runs.

The planes are imported inside the functions: each process loads only its own half.
"""

import asyncio

import msgspec

from deploy.problem import PortError


class MediaSettings(msgspec.Struct, frozen=True, tag="media"):
    """Of a media worker."""

    log_level: str
    socket_path: str
    addresses: tuple[str, ...]
    advertise: tuple[str, ...]
    port: int


class ControlSettings(msgspec.Struct, frozen=True, tag="control"):
    """Of the control process."""

    log_level: str
    hosts: tuple[str, ...]
    """None means all addresses."""
    port: int
    database_url: str
    certificate: str
    key: str
    ca: str
    """Our CA's certificate, offered for download; empty with a foreign certificate."""
    media_sockets: tuple[str, ...]
    centre: str
    seat_grace_s: int


_decoder: msgspec.json.Decoder[MediaSettings | ControlSettings] = msgspec.json.Decoder(
    MediaSettings | ControlSettings
)


def decode(line: bytes) -> MediaSettings | ControlSettings:
    """What the supervisor wrote."""
    return _decoder.decode(line)


def encode(settings: MediaSettings | ControlSettings) -> bytes:
    """One line, without its end."""
    return msgspec.json.encode(settings)


async def run_media(settings: MediaSettings, stop: asyncio.Event) -> None:
    """Serve media until `stop`. Raises PortError."""
    from sfu.transport import PortTaken
    from sfu.worker import WorkerConfig, serve_worker

    config = WorkerConfig(
        socket_path=settings.socket_path,
        addresses=settings.addresses,
        port=settings.port,
        advertise=settings.advertise,
    )
    try:
        await serve_worker(config, stop)
    except PortTaken as error:
        raise PortError(
            f"media port {settings.port} is in use ({error})", "Choose another with --media-port."
        ) from None


async def run_control(settings: ControlSettings, stop: asyncio.Event) -> None:
    """Serve people until `stop`."""
    await stop.wait()
