"""The settings each supervised process is given, and what it runs.

The planes are imported inside the functions: each process loads only its own plane.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from deploy.confine import Needs
from deploy.problem import PortError, Problem

if TYPE_CHECKING:
    from deploy.run.served import Served
    from signaling.control import ControlConfig
    from signaling.custody.shortening import Keeping

LOOP_GIVES_WAY = 3
"""Niceness of a media worker's event loop: its thread of packets comes first, also on one core."""
PROGRAM = Path(__file__).resolve().parents[2]
WEB_ROOT = Path(__file__).resolve().parents[2] / "web"


def _hidden(state: str) -> tuple[Path, ...]:
    """Also the settings: an address of a database has a password in it."""
    return (Path(state), *(folder / "giaoban.toml" for folder in (PROGRAM, Path.cwd())))


class MediaSettings(msgspec.Struct, frozen=True, tag="media"):
    """Of a media worker."""

    log_level: str
    socket_path: str
    addresses: tuple[str, ...]
    """None means those that the machine has, as they come and go."""
    advertise: tuple[str, ...]
    port: int
    tap_socket: str
    kernel_cache: str
    state: str
    """Its folder, which it has no business in except for the kernel."""

    def needs(self) -> Needs:
        os.environ.setdefault("GIAOBAN_KERNEL_CACHE", self.kernel_cache)  # read when the kernel is imported
        named = (os.environ.get("NUMBA_CACHE_DIR", ""), os.environ["GIAOBAN_KERNEL_CACHE"])
        caches = (PROGRAM / "sfu" / "fastpath" / "kernel" / "__pycache__", *map(Path, filter(None, named)))
        for cache in caches:
            with suppress(OSError):
                cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Needs(change=(Path(self.socket_path).parent, *caches), hidden=_hidden(self.state))

    """Where an installed program keeps its compiled kernel."""


class ControlSettings(msgspec.Struct, frozen=True, tag="control"):
    """Of the control process."""

    log_level: str
    hosts: tuple[str, ...]
    """None means all addresses."""
    port: int
    database_url: str
    served_by: str
    audit_head: str
    audit_copies: str
    audit_key: str
    audit_years: int
    certificate: str
    key: str
    ca: str
    """Our CA's certificate, offered for download; empty with a foreign certificate."""
    media_sockets: tuple[str, ...]
    recorder_socket: str
    recordings: str
    """Directory of the recordings."""
    reserve_mb: int
    meeting: str
    """Code of the standing meeting."""
    seat_grace_s: int
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = ""
    """Comes through the pipe like all of these: no other process can read it there."""
    trusted_proxies: tuple[str, ...] = ()


class RecorderSettings(msgspec.Struct, frozen=True, tag="recorder"):
    """Of the recorder."""

    log_level: str
    socket_path: str
    tap_sockets: tuple[str, ...]
    recordings: str
    signing_key: str
    reserve_mb: int
    segment_s: int
    may_swap: bool
    state: str

    def needs(self) -> Needs:
        """Its key is made here: later it may make nothing in the state directory."""
        from recorder.storage.signing import BadSigningKey, load_or_create_key

        key, recordings = Path(self.signing_key), Path(self.recordings)
        with suppress(OSError, BadSigningKey):  # it says so when it needs them
            load_or_create_key(key)
            recordings.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Needs((key,), (Path(self.socket_path).parent, recordings), _hidden(self.state))


AnySettings = MediaSettings | ControlSettings | RecorderSettings

_decoder: msgspec.json.Decoder[AnySettings] = msgspec.json.Decoder(AnySettings)


def decode(line: bytes) -> AnySettings:
    """What the supervisor wrote."""
    return _decoder.decode(line)


def encode(settings: AnySettings) -> bytes:
    """One line, without its end."""
    return msgspec.json.encode(settings)


async def run_media(settings: MediaSettings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Serve media until `stop`. Raises PortError."""
    from sfu.transport import PortTaken
    from sfu.worker import WorkerConfig, serve_worker

    config = WorkerConfig(
        socket_path=settings.socket_path,
        addresses=settings.addresses,
        port=settings.port,
        tap_path=settings.tap_socket,
        advertise=settings.advertise,
    )

    def behind_packets() -> None:
        os.nice(LOOP_GIVES_WAY)  # of this thread alone
        ready()

    try:
        await serve_worker(config, stop, behind_packets)
    except PortTaken as error:
        raise PortError(
            f"media port {settings.port} is in use ({error})", "Choose another with --media-port."
        ) from None


async def run_recorder(settings: RecorderSettings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Record whatever control orders, until `stop`. Raises Problem."""
    from recorder.process import RecorderConfig, serve_recorder
    from recorder.storage.signing import BadSigningKey

    config = RecorderConfig(
        socket_path=settings.socket_path,
        tap_sockets=settings.tap_sockets,
        directory=Path(settings.recordings),
        signing_key=Path(settings.signing_key),
        reserve_bytes=settings.reserve_mb << 20,
        segment_s=float(settings.segment_s),
        may_swap=settings.may_swap,
    )
    try:
        await serve_recorder(config, stop, ready)
    except BadSigningKey as error:
        raise Problem(
            f"the recorder's signing key cannot be used: {error}",
            "Restore it from a backup of the state directory, or move it away: then a new one is made.",
        ) from None


async def run_control(settings: ControlSettings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Serve people until `stop`. Raises Problem."""
    from deploy.run.pki import CertificateFiles
    from deploy.run.served import Served
    from deploy.run.storage_words import held_problem, newer_problem, storage_problem
    from signaling.control import serve_control
    from signaling.store import HeldElsewhere, StateIsNewer, StorageUnavailable

    ca = Path(settings.ca) if settings.ca else None
    served = Served(CertificateFiles(Path(settings.certificate), Path(settings.key), ca))
    config = _control_config(settings, served)
    # Its task groups wrap what they raise; a Problem must leave here unwrapped.
    problem: Problem | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(served.follow(), name="certificate files")
            await serve_control(config, stop, ready)
            following.cancel()
    except* HeldElsewhere as group:
        problem = held_problem(HeldElsewhere(_first(group)))
    except* StorageUnavailable as group:
        problem = storage_problem(settings.database_url, StorageUnavailable(_first(group)))
    except* StateIsNewer as group:
        problem = newer_problem(StateIsNewer(_first(group)))
    except* OSError as group:
        problem = PortError(
            f"HTTPS port {settings.port} cannot be used: {_first(group)}", "Choose another with --https-port."
        )
    if problem is not None:
        raise problem


def _control_config(settings: ControlSettings, served: "Served") -> "ControlConfig":
    from signaling.control import ControlConfig
    from signaling.disks import Disk
    from signaling.model.addresses import Proxies
    from signaling.model.limits import DEFAULT
    from signaling.model.relay import Relay

    return ControlConfig(
        database_url=settings.database_url,
        served_by=settings.served_by,
        audit_head=Path(settings.audit_head),
        audit_copies=Path(settings.audit_copies) if settings.audit_copies else None,
        audit_keeping=_keeping(settings),
        web_root=WEB_ROOT,
        media_sockets=tuple(Path(path) for path in settings.media_sockets),
        recorder_socket=Path(settings.recorder_socket),
        recordings=Path(settings.recordings),
        hosts=settings.hosts,
        port=settings.port,
        tls=served.context,
        certificate=lambda: served.certificate,
        default_meeting=settings.meeting,
        version=own_version(),
        limits=replace(DEFAULT, seat_grace_s=float(settings.seat_grace_s)),
        relay=Relay(settings.turn_urls, settings.turn_secret) if settings.turn_urls else None,
        disks={
            "state": Disk(Path(settings.audit_head).parent),
            "recordings": Disk(Path(settings.recordings), settings.reserve_mb << 20),
        },
        proxies=Proxies(settings.trusted_proxies),
    )


def _keeping(settings: ControlSettings) -> "Keeping | None":
    from signaling.custody.shortening import Keeping

    return Keeping(settings.audit_years, Path(settings.audit_key)) if settings.audit_years else None


def own_version() -> str:
    try:
        return version("giaoban")
    except PackageNotFoundError:  # run from the source tree, not installed
        return "source"


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    """The text of the first exception in nested groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
