"""What machines, chair and operator are told of the server's certificates, and what the audit log keeps."""

import asyncio
import json
import re
import time
from pathlib import Path

import pytest

from signaling.audit.table import AuditTable
from signaling.model.addresses import NO_PROXIES
from signaling.model.certificate import DAY_MS, OwnAuthority, ServedCertificate, Validity
from signaling.model.limits import DEFAULT
from signaling.store import Store
from tests.support.control import CERTIFICATE, PATIENCE_S, Control, FakeMedia, running_control

pytestmark = pytest.mark.loopback


def shown(
    server_days: float, authority_days: float | None, fingerprint: str = "cd" * 32
) -> ServedCertificate:
    """A certificate and an authority that end in so many days."""
    until = [time.time_ns() // 1_000_000 + int(days * DAY_MS) for days in (server_days, authority_days or 0)]
    authority = OwnAuthority(b"certificate", fingerprint, Validity(0, until[1]))
    return ServedCertificate(Validity(0, until[0]), None if authority_days is None else authority)


async def answer(control: Control, path: str, login: str | None = None) -> dict[str, object]:
    cookies = {} if login is None else {"Cookie": f"giaoban={await control.cookie_of(login)}"}
    async with control.http.get(f"{control.url}{path}", headers={"Origin": control.url} | cookies) as reply:
        assert reply.status == 200
        found: dict[str, object] = await reply.json()
        return found


@pytest.mark.parametrize(
    ("server_days", "authority_days", "server", "authority"),
    [
        (300, 3000, "ok", "ok"),
        (20, 364, "ends-soon", "ends-soon"),
        (-1, -1, "expired", "expired"),
        (300, None, "ok", None),
    ],
)
async def test_health_operator_and_metrics_are_told_how_the_certificates_stand(
    tmp_path: Path, server_days: float, authority_days: float | None, server: str, authority: str | None
) -> None:
    async with running_control(tmp_path) as control:
        control.certificate = shown(server_days, authority_days)
        health = await answer(control, "/healthz")
        assert (health["certificate"], health["authority"]) == (server, authority)
        page = await answer(control, "/api/server", "thu-ky")
        told = {name: page[name]["standing"] if page[name] else None for name in ("certificate", "authority")}  # type: ignore[index]
        assert told == {"certificate": server, "authority": authority}
        async with control.http.get(f"{control.url}/metrics") as reply:
            metrics = await reply.text()
        line = re.search(r'giaoban_certificate_ends_timestamp_seconds{of="server"} (.*)', metrics)
        assert line is not None
        assert float(line[1]) * 1000 == control.certificate.validity.ends_ms
        assert ('{of="authority"}' in metrics) is (authority is not None)


async def test_a_delegate_is_not_told_about_the_server(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        cookie = {"Cookie": f"giaoban={await control.account('tram')}", "Origin": control.url}
        async with control.http.get(f"{control.url}/api/server", headers=cookie) as reply:
            assert reply.status == 403


async def audited(store: Store, count: int) -> list[dict[str, str | int]]:
    """The fields of the entries about the authority, once there are so many."""
    table = AuditTable(store.database)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            entries = [json.loads(one.document) for one in await table.page(0, 100)]
            found = [entry for entry in entries if entry["event"] == "authority-changed"]
            if len(found) >= count:
                return [dict(entry["fields"]) for entry in found]
            await asyncio.sleep(0.05)


async def test_another_authority_is_in_the_audit_log_even_if_it_came_while_nothing_ran(
    tmp_path: Path,
) -> None:
    async with running_control(tmp_path) as control:
        (first,) = await audited(control.store, 1)
        assert first["fingerprint"] == CERTIFICATE.authority.fingerprint  # type: ignore[union-attr]
    control = Control(tmp_path, FakeMedia(), DEFAULT, None, NO_PROXIES)
    control.certificate = shown(300, 3000)
    async with control:
        _, second = await audited(control.store, 2)
        assert (second["before"], second["fingerprint"]) == (first["fingerprint"], "cd" * 32)
