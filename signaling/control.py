"""The control plane put together: what the control process runs.

Start: the database (upgraded), the live meetings restored, the lines to media workers and recorder, then
HTTPS. Stop: everyone is told, HTTPS ends, the store catches up, the database is closed.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from signaling.accounts.accounts import Accounts
from signaling.accounts.passwords import Passwords
from signaling.accounts.sign_ins import SignIns
from signaling.accounts.throttle import CameFrom, Throttle
from signaling.audit.daily import DailyCopy
from signaling.audit.log import AuditLog
from signaling.audit.table import AuditTable
from signaling.clocks import ClockWatch, clock, watched
from signaling.connections.listener import Connections, listening_sockets
from signaling.connections.patience import IDLE_S
from signaling.custody.retention import Retention
from signaling.custody.shortening import Keeping, Shortening
from signaling.disks import Disk, DiskWatch
from signaling.http.app import MAX_BODY_BYTES, application
from signaling.http.context import Context
from signaling.http.pages import Pages
from signaling.http.requests import requests_log, without_expectations
from signaling.links.media import MediaPort, WorkerSocket
from signaling.links.recorder import NoRecorder, RecorderPort, RecorderSocket
from signaling.live.rooms import Rooms
from signaling.model.addresses import NO_PROXIES, Proxies
from signaling.model.certificate import ServedCertificate
from signaling.model.ids import Instant
from signaling.model.limits import DEFAULT, Limits
from signaling.model.relay import Relay
from signaling.store import Share, Store
from signaling.surroundings import CertificateWatch

log = logging.getLogger("giaoban.control")

STOP_S = 5.0
"""How long sessions may take to end once they were told."""


@dataclass(frozen=True, slots=True)
class ControlConfig:
    database_url: str
    """SQLAlchemy's form: "sqlite:////var/lib/giaoban/giaoban.db"."""
    web_root: Path
    media_sockets: tuple[Path, ...]
    """One for each media worker, which listens there. Workers may start later, and restart."""
    served_by: str = ""
    """Which appliance this is, for another one that would serve the same database; empty: no lock is held."""
    sockets: tuple[socket.socket, ...] = ()
    """Already listening. If there are none, `hosts` and `port` are used."""
    hosts: tuple[str, ...] = ()
    """Empty: every address, IPv4 and IPv6."""
    port: int = 8443
    tls: ssl.SSLContext | None = None
    """None only behind a TLS terminator, or in tests; the cookie is marked Secure even then."""
    certificate: Callable[[], ServedCertificate] | None = None
    """What `tls` shows now; None: whoever terminates TLS has the certificate."""
    hsts: bool = False
    default_meeting: str = "giao-ban"
    version: str = ""
    limits: Limits = DEFAULT
    audit_head: Path | None = None
    """The file beside the database that holds the audit log's newest head."""
    audit_copies: Path | None = None
    """A folder elsewhere for daily copies of that head."""
    audit_keeping: Keeping | None = None
    """How long its entries are kept. None: for ever."""
    recorder_socket: Path | None = None
    """Where the recorder listens. It may start later, and restart. None: nothing can be recorded."""
    recordings: Path | None = None
    """The recorder's folder. None: there are no recordings to list or delete."""
    disks: Mapping[str, Disk] = field(default_factory=dict)
    """Where the server keeps things, by a name for people."""
    relay: Relay | None = None
    """The TURN relay for networks that let nothing else through, if there is one."""
    proxies: Proxies = NO_PROXIES
    """The reverse proxies that may name the client that they ask for."""


async def serve_control(
    config: ControlConfig, stop: asyncio.Event, ready: Callable[[], None] | None = None
) -> None:
    """Run the control plane until `stop` is set. Calls `ready` once when it answers.

    Raises StorageUnavailable and StateIsNewer before anything is served, OSError if the address is taken, and
    HeldElsewhere when another appliance has taken the database while it was away.
    """
    workers = tuple(WorkerSocket(path, config.limits.media_s) for path in config.media_sockets)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(worker.run(), name="media worker's socket") for worker in workers]
        recorder: RecorderPort = NoRecorder()
        if config.recorder_socket is not None:
            recorder = socket_to = RecorderSocket(config.recorder_socket)
            running.append(tasks.create_task(socket_to.run(), name="recorder's socket"))
        try:
            await serve_with(config, workers, stop, ready, recorder=recorder)
        finally:
            for task in running:
                task.cancel()


async def serve_with(
    config: ControlConfig,
    media: Sequence[MediaPort],
    stop: asyncio.Event,
    ready: Callable[[], None] | None = None,
    now: Callable[[], Instant] = clock,
    recorder: RecorderPort | None = None,
) -> None:
    """The same over media ports, one for each worker, that the caller keeps connected."""
    store = await Store.open(config.database_url, config.limits.store_s, served_by=config.served_by)
    passwords = Passwords()
    try:
        records, door = store.shared(Share.RECORDS), store.shared(Share.DOOR)
        audit = AuditLog(AuditTable(records.database), now, config.audit_head)
        rooms = Rooms(store, media, config.limits, now, audit, config.relay, recorder)
        await rooms.start()
        watch = await watched(records, audit, now)
        sign_ins, throttle = SignIns(door, watch.served), Throttle(CameFrom(await store.people.came_from()))
        context = Context(
            store=door,
            audit=audit,
            audit_table=AuditTable(door.database),
            accounts=Accounts(door, passwords, watch.served, sign_ins, throttle),
            sign_ins=sign_ins,
            rooms=rooms,
            media=tuple(media),
            pages=Pages(config.web_root),
            clock=now,
            version=config.version,
            default_meeting=config.default_meeting,
            certificate=config.certificate,
            recordings=config.recordings,
            disks=DiskWatch(config.disks),
            proxies=config.proxies,
            connections=Connections(lambda: now().s, config.proxies),
        )
        loops = tuple(_loops(config, context, records, watch))
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(loop(), name=loop.__qualname__) for loop in loops]
            try:
                await _serve(config, context, stop, ready)
            finally:
                for task in running:
                    task.cancel()
        await rooms.keep()
        await audit.flush()
    finally:
        passwords.close()
        await store.close()


def _loops(
    config: ControlConfig, context: Context, store: Store, watch: ClockWatch
) -> Iterator[Callable[[], Coroutine[None, None, None]]]:
    """What runs by itself and asks nobody."""
    audit, rooms = context.audit, context.rooms
    yield from (rooms.run, context.sign_ins.run, context.disks.run, watch.run)
    if config.served_by:
        yield store.database.watch
    if config.audit_copies is not None:
        yield DailyCopy(config.audit_copies, AuditTable(store.database), audit, watch.now).run
    if config.audit_keeping is not None:
        yield Shortening(config.audit_keeping, AuditTable(store.database), audit, watch.believed).run
    if config.recordings is not None:
        yield Retention(config.recordings, store, audit, rooms.going_on, watch.believed).run
    if config.certificate is not None:
        yield CertificateWatch(config.certificate, store, audit, watch.now).run


async def _serve(
    config: ControlConfig,
    context: Context,
    stop: asyncio.Event,
    ready: Callable[[], None] | None,
) -> None:
    app = application(context, config.hsts)
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=requests_log,
        shutdown_timeout=STOP_S,
        keepalive_timeout=IDLE_S,
        read_bufsize=MAX_BODY_BYTES,
        auto_decompress=False,
    )
    await runner.setup()
    assert runner.server is not None
    runner.server.request_handler = without_expectations(runner.server.request_handler)
    try:
        sockets = config.sockets or listening_sockets(config.hosts, config.port)
        async with asyncio.TaskGroup() as tasks:
            accepting = context.connections.run(sockets, config.tls, runner.server)
            door = tasks.create_task(accepting, name="web door")
            log.info("control-up")
            if ready is not None:
                ready()
            await stop.wait()
            log.info("control-stopping")
            await context.rooms.close()
            door.cancel()
    finally:
        await runner.cleanup()
