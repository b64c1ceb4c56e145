"""The audit log of a running control plane: what is in it, who may read it, and that nobody waits for it."""

import asyncio
import csv
import io
import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sfu import Source
from signaling.audit import log as audit_log
from signaling.audit.chain import AuditEvent, Entry, Head, Stored, chained, read, verify
from signaling.audit.log import AuditLog, AuditState
from signaling.audit.table import AuditTable, kept_head
from signaling.clocks import clock
from signaling.model.words import Presence, Role, SeatState
from signaling.protocol import Admit, Kick, Mute, Roster, SeatChanged
from signaling.store import StorageUnavailable, Store
from tests.support.control import PASSWORD, PATIENCE_S, Browser, Control, running_control

pytestmark = pytest.mark.loopback

STATION = "tyt-ta-phin"


async def written(folder: Path) -> list[Entry]:
    """The log of a control plane that has stopped; it verifies."""
    store = await Store.open(f"sqlite:///{folder / 'giaoban.db'}")
    log = await AuditTable(store.database).page(0, 1000)
    await store.close()
    head = kept_head(folder / "audit.head")
    assert head is not None
    assert verify(log, head) is None
    assert head.number == len(log)
    return [entry for entry in map(read, log) if entry is not None]


def named(log: Sequence[Entry], event: str) -> list[Entry]:
    return [entry for entry in log if entry.event == event]


async def admitted(control: Control, operator: Browser, login: str) -> Browser:
    delegate = await control.enter(await control.account(login, unit=STATION))
    await delegate.knock("YS. Mai")
    await operator.say(Admit(delegate.participant))
    assert (await delegate.hear(SeatChanged)).seat is SeatState.ADMITTED
    return delegate


# --- what gets into it ---


async def test_signing_in_and_out_and_failing_to_is_logged_without_what_was_typed(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        good = await control.sign_in("thu-ky", PASSWORD)
        cookie = good.cookies["giaoban"].value
        assert (await control.sign_in("thu-ky", "sai mật khẩu")).status == 401
        assert (await control.sign_in("mật khẩu trong ô tên", "x")).status == 401
        for _ in range(2):  # the second time it signs out nobody
            await control.http.delete(f"{control.url}/api/session", headers={"Cookie": f"giaoban={cookie}"})
        operator = await control.store.people.find("thu-ky")
    assert operator is not None
    log = await written(tmp_path)
    people = [entry for entry in log if entry.address]
    assert [(entry.event, entry.login, entry.address) for entry in people] == [
        ("login", "thu-ky", "127.0.0.1"),
        ("login-failed", "", "127.0.0.1"),
        ("login-failed", "", "127.0.0.1"),
        ("logout", "thu-ky", "127.0.0.1"),
    ]
    assert [entry.fields for entry in named(log, "login-failed")] == [
        (("account", operator.account.id),),
        (),
    ]
    for secret in ("mật khẩu", PASSWORD, cookie):
        assert secret not in str(log)


async def test_the_audit_log_says_who_did_what_to_whom_and_the_server_log_has_nothing_typed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate = await admitted(control, operator, "tram")
        await operator.say(Kick(delegate.participant, "ồn ào quá"))
        await delegate.ended()
        participant = delegate.participant
    log = await written(tmp_path)
    (entry,) = named(log, "admitted")[-1:]
    assert (entry.login, entry.address, entry.meeting, entry.run) == ("thu-ky", "127.0.0.1", "giao-ban", 1)
    assert ("participant", participant) in entry.fields
    assert ("participant-name", "YS. Mai (tram)") in entry.words
    (kicked,) = named(log, "kicked")
    assert ("reason", "ồn ào quá") in kicked.words
    assert "kicked" in caplog.text
    assert "ồn ào" not in caplog.text
    assert "YS. Mai" not in caplog.text


# --- who reads it ---


async def get(control: Control, path: str, cookie: str | None, **headers: str) -> tuple[int, bytes]:
    if cookie is not None:
        headers["Cookie"] = f"giaoban={cookie}"
    answer = await control.http.get(f"{control.url}{path}", headers=headers)
    return answer.status, await answer.read()


@pytest.mark.parametrize("path", ["/api/audit", "/api/audit.jsonl", "/api/audit.csv"])
async def test_only_chair_and_operator_read_the_log(tmp_path: Path, path: str) -> None:
    async with running_control(tmp_path) as control:
        assert (await get(control, path, None))[0] == 401
        assert (await get(control, path, "x" * 43))[0] == 401
        for role in (Role.DELEGATE, Role.TECHNICIAN):
            status, body = await get(control, path, await control.account(role.value, role))
            assert (status, json.loads(body)) == (403, {"code": "not-allowed"})
        for login in ("thu-ky", "chu-tri"):
            assert (await get(control, path, await control.cookie_of(login)))[0] == 200
        cookie = await control.cookie_of("thu-ky")
        elsewhere = await get(control, path, cookie, Origin="https://elsewhere.example")
        assert elsewhere[0] == 403
        assert (await get(control, path, cookie, **{"Sec-Fetch-Site": "cross-site"}))[0] == 403


async def test_chair_and_operator_are_shown_the_newest_hash_to_note_it_elsewhere(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        table = AuditTable(control.store.database)
        written_first = await table.append([AuditEvent("here", 1, "muted")])
        for login in ("chu-tri", "thu-ky"):
            status, body = await get(control, "/api/server", await control.cookie_of(login))
            day, number, digits = json.loads(body)["audit"].split("  ")
            assert (status, day) == (200, f"{datetime.now(UTC):%Y-%m-%d}")
            assert int(number.removeprefix("#")) >= written_first.number
            shown = await table.hash_of(int(number.removeprefix("#")))
            assert shown is not None
            assert shown.startswith(digits.replace(" ", ""))


@pytest.mark.parametrize(
    "query", ["meeting=a/b", "meeting=", "meeting=" + "x" * 65, "after=-1", "after=x", "after=" + "9" * 30]
)
async def test_a_query_that_makes_no_sense_is_a_bad_request(tmp_path: Path, query: str) -> None:
    async with running_control(tmp_path) as control:
        cookie = await control.cookie_of("thu-ky")
        for path in ("/api/audit", "/api/audit.jsonl", "/api/audit.csv"):
            status, body = await get(control, f"{path}?{query}", cookie)
            assert (status, json.loads(body)) == (400, {"code": "bad-request"})


def entries(count: int, meeting: str = "giao-ban") -> list[AuditEvent]:
    return [AuditEvent(f"t{n}", 1, "muted", meeting, words=(("reason", "=1+1"),)) for n in range(count)]


async def test_the_log_is_read_in_pages_and_downloaded_whole(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        await AuditTable(control.store.database).append([*entries(450), AuditEvent("other", 1, "login")])
        cookie = await control.cookie_of("thu-ky")
        found: list[dict[str, Any]] = []
        after, more = 0, True
        while more:
            page = json.loads((await get(control, f"/api/audit?meeting=giao-ban&after={after}", cookie))[1])
            found += page["entries"]
            after, more = page["after"], page["more"]
            assert len(page["entries"]) <= 200
        begin = found[0]["entry"]["number"]  # the server has noted its authority before or after
        numbers = list(range(begin, begin + 450))
        assert [line["entry"]["number"] for line in found] == numbers

        for last, first in ((1, 450), (300, 151), (450, 1), (9999, 1)):
            page = json.loads((await get(control, f"/api/audit?meeting=giao-ban&last={last}", cookie))[1])
            assert page["entries"][0]["entry"]["number"] == numbers[first - 1]
        for wrong in ("0", "-1", "x", "", "123456"):
            assert (await get(control, f"/api/audit?last={wrong}", cookie))[0] == 400

        _, home = await get(control, "/api/audit.jsonl?meeting=giao-ban", cookie)
        assert [json.loads(line) for line in home.splitlines()] == found
        _, table = await get(control, "/api/audit.csv?meeting=giao-ban", cookie)
        rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline="")))
        assert [int(row["number"]) for row in rows[:450]] == numbers
        assert rows[0]["words"] == "reason: =1+1"
        assert (await get(control, "/api/audit.csv?meeting=khong-co", cookie))[1].count(b"\n") == 1
    exported = named(await written(tmp_path), "audit-exported")
    assert [(entry.login, entry.fields) for entry in exported] == [
        ("thu-ky", (("form", form),)) for form in ("jsonl", "csv", "csv")
    ]


# --- nobody waits for it ---


class Sluggish(AuditTable):
    """A database that can be away, or say that it is away after it has written."""

    def __init__(self) -> None:
        self.away = False
        self.deaf = False
        self.log: list[Stored] = []

    async def append(self, events: Sequence[AuditEvent]) -> Head:
        await asyncio.sleep(0)
        if self.away:
            raise StorageUnavailable("away")
        there = {stored.mark for stored in self.log}
        head = self.log[-1].head if self.log else Head()
        self.log += chained(head, [each for each in events if each.mark not in there])
        if self.deaf:
            raise StorageUnavailable("the database did not answer in time")
        return self.log[-1].head

    @property
    def events(self) -> list[str]:
        return [entry.event for entry in map(read, self.log) if entry is not None]


def state_of(log: AuditLog) -> AuditState:
    return log.state


async def test_entries_wait_in_order_while_the_database_is_away() -> None:
    table = Sluggish()
    log = AuditLog(table, clock, None)
    table.away = True
    for number in range(500):
        log.note(f"e{number}")
    assert not await log.flush()
    assert state_of(log) is AuditState.WAITING
    table.away, table.deaf = False, True
    assert not await log.flush()
    table.deaf = False
    assert await log.flush()
    assert log.state is AuditState.OK
    assert table.events == [f"e{number}" for number in range(500)]  # none missing, none twice
    assert verify(table.log) is None


async def test_events_beyond_the_bound_are_counted_and_the_count_is_an_entry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit_log, "MAX_WAITING", 3)
    table = Sluggish()
    log = AuditLog(table, clock, None)
    for number in range(5):
        log.note(f"e{number}")
    assert state_of(log) is AuditState.LOSING
    assert await log.flush()
    log.note("after")
    assert await log.flush()
    assert log.state is AuditState.OK
    assert table.events == ["e0", "e1", "e2", "entries-lost", "after"]
    lost = read(table.log[3])
    assert lost is not None
    assert lost.fields == (("count", 2),)


async def test_a_mute_does_not_wait_for_the_audit_log_and_health_tells_that_entries_are_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(self: AuditTable, events: Sequence[AuditEvent]) -> Head:
        raise StorageUnavailable("away")

    monkeypatch.setattr(audit_log, "MAX_WAITING", 1)
    monkeypatch.setattr(AuditTable, "append", away)
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        delegate = await admitted(control, operator, "tram")
        for source in (Source.MICROPHONE, Source.CAMERA):
            await operator.say(Mute(delegate.participant, source))
        async with asyncio.timeout(PATIENCE_S):
            while "host" not in next(
                other.camera.gate
                for other in (await delegate.hear(Roster)).participants
                if other.id == delegate.participant
            ):
                pass
        health = json.loads((await get(control, "/healthz", None))[1])
        assert (health["status"], health["audit"], health["database"]) == ("failing", "losing", "ok")
        monkeypatch.undo()
    log = await written(tmp_path)
    assert named(log, "entries-lost")


# --- how a page left ---


async def test_a_closed_page_is_told_apart_from_a_broken_line(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        operator = await control.operator()
        closing = await admitted(control, operator, "mot")
        broken = await admitted(control, operator, "hai")
        seen: dict[str, Presence] = {}
        await closing.close()
        broken.cut()
        async with asyncio.timeout(PATIENCE_S):
            while set(seen) != {closing.participant, broken.participant}:
                people = (await operator.hear(Roster)).participants
                seen = {who.id: who.presence for who in people if who.presence is not Presence.HERE}
        assert seen == {closing.participant: Presence.CLOSED, broken.participant: Presence.LOST}
