"""What the handlers of the HTTPS side work with, and how a request says whose it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from signaling.accounts.accounts import Accounts
from signaling.audit.log import AuditLog
from signaling.audit.table import AuditTable
from signaling.http.pages import Pages
from signaling.links.media import MediaPort
from signaling.live.rooms import Rooms
from signaling.model.ids import Instant
from signaling.store import Store

COOKIE = "giaoban"


@dataclass(frozen=True, slots=True)
class Context:
    store: Store
    audit: AuditLog
    audit_table: AuditTable
    accounts: Accounts
    rooms: Rooms
    media: tuple[MediaPort, ...]
    pages: Pages
    clock: Callable[[], Instant]
    version: str
    default_meeting: str
    ca_certificate: bytes | None
    recordings: Path | None
    """Their folder; None: nothing is recorded here."""


CONTEXT = web.AppKey("context", Context)
