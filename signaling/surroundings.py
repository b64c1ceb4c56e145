"""What may change around the control process while it runs: its certificate. What changes is logged, and what
people must be able to look up later stands in the audit log."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from signaling.audit.log import AuditLog
from signaling.model.certificate import DAY_MS, ServedCertificate, Standing, Validity, standing
from signaling.model.ids import Instant
from signaling.store import StorageUnavailable, Store

log = logging.getLogger("giaoban.certificate")

LOOK_S = 10.0
AUTHORITY = "authority"
"""Setting: the fingerprint of the authority that was used last, so that no change of it goes unnoticed."""


def last_day(validity: Validity) -> str:
    """In UTC, as people write it."""
    return f"{datetime.fromtimestamp(validity.ends_ms / 1000, UTC):%Y-%m-%d}"


class CertificateWatch:
    """Raises nothing; what fails is tried again at the next look."""

    def __init__(
        self,
        certificate: Callable[[], ServedCertificate],
        store: Store,
        audit: AuditLog,
        clock: Callable[[], Instant],
    ) -> None:
        self._certificate = certificate
        self._store = store
        self._audit = audit
        self._clock = clock
        self._noted = ""
        self._warned: tuple[object, ...] = ()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            served = self._certificate()
            self._warn(served)
            with contextlib.suppress(StorageUnavailable):  # the next look tries again
                await self._note_authority(served)
            await asyncio.sleep(LOOK_S)

    def _warn(self, served: ServedCertificate) -> None:
        """Log what is not good, when that begins and once a day."""
        now_ms = self._clock().unix_ms
        found = standing(served, now_ms)
        warning = (found, now_ms // DAY_MS)
        if warning == self._warned:
            return
        self._warned = warning
        if found.server is not Standing.OK:
            log.warning("certificate-standing is=%s ends=%s", found.server.value, last_day(served.validity))
        if served.authority is not None and found.authority not in (None, Standing.OK):
            ends = last_day(served.authority.validity)
            log.warning("authority-standing is=%s ends=%s", found.authority.value, ends)

    async def _note_authority(self, served: ServedCertificate) -> None:
        authority = served.authority
        if authority is None or authority.fingerprint == self._noted:
            return
        before = await self._store.setting(AUTHORITY)
        if before != authority.fingerprint:
            fields = (
                ("fingerprint", authority.fingerprint),
                ("ends_ms", authority.validity.ends_ms),
                ("before", before),
            )
            self._audit.note("authority-changed", fields=fields)
            await self._store.set_setting(AUTHORITY, authority.fingerprint)
        self._noted = authority.fingerprint
