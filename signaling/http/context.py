"""What the handlers of the HTTPS side work with."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

import sfu
from signaling.accounts.accounts import Accounts
from signaling.accounts.sign_ins import SignIns
from signaling.audit.log import AuditLog
from signaling.audit.table import AuditTable
from signaling.connections.listener import Connections
from signaling.disks import DiskWatch
from signaling.http.pages import Pages
from signaling.links.media import MediaPort, MediaUnavailable
from signaling.live.rooms import Rooms
from signaling.model.addresses import Proxies
from signaling.model.certificate import ServedCertificate
from signaling.model.ids import Instant
from signaling.store import Store

COOKIE = "giaoban"
"""Holds the token of a sign-in."""


@dataclass(frozen=True, slots=True)
class Context:
    store: Store
    audit: AuditLog
    audit_table: AuditTable
    accounts: Accounts
    sign_ins: SignIns
    rooms: Rooms
    media: tuple[MediaPort, ...]
    pages: Pages
    clock: Callable[[], Instant]
    version: str
    default_meeting: str
    certificate: Callable[[], ServedCertificate] | None
    """What new connections get; None: whoever terminates TLS has it."""
    recordings: Path | None
    """Their folder; None: nothing is recorded here."""
    disks: DiskWatch
    proxies: Proxies
    """The reverse proxies that may name the client that they ask for."""
    connections: Connections

    async def ping_media(self) -> list[sfu.AnyResult | None]:
        """Each media worker's answer; None: it did not answer in time."""
        return await asyncio.gather(*(self._ping(worker) for worker in self.media))

    async def _ping(self, worker: MediaPort) -> sfu.AnyResult | None:
        try:
            async with asyncio.timeout(self.rooms.limits.health_s):
                return await worker.request(sfu.Ping())
        except (MediaUnavailable, TimeoutError):
            return None


CONTEXT = web.AppKey("context", Context)
