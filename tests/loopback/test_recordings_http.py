"""The list of recordings, their download, and their deletion when their time is over: over real HTTP, with
recordings written by the recorder's own code."""

import asyncio
import io
import os
import random
import tarfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
import msgspec
import pytest
from sqlalchemy import select

from recorder import RecordingId
from recorder.opening.archive import open_archive
from recorder.opening.verify import verify
from recorder.storage.folder import Folder, RecordingFacts
from signaling.accounts.bootstrap import FirstAccounts, bootstrap
from signaling.audit.chain import AuditEvent, Entry, Head
from signaling.audit.log import AuditLog
from signaling.audit.table import AuditTable
from signaling.clocks import clock
from signaling.custody.custody import DAY_MS
from signaling.custody.retention import Retention
from signaling.http.api.recordings import MAX_DOWNLOADS
from signaling.model.ids import Instant
from signaling.model.words import Role
from signaling.store import StorageUnavailable, Store
from signaling.store.tables import audit
from tests.support import sealed_recording
from tests.support.control import MEETING, PATIENCE_S, Control, running_control

pytestmark = [pytest.mark.loopback, pytest.mark.record]

KEYS = sealed_recording.keys()
ID = "20260921-132640-giao-ban-0001"
LARGE = 48 << 20
OTHER = "20260921-132640-hop-kin-0002"


def keep(directory: Path, name: str = ID, meeting: str = MEETING) -> Path:
    """A finished recording; returns its folder."""
    facts = RecordingFacts(name, meeting, "Giao ban sáng", KEYS.recipients)
    folder = Folder.create(directory, facts, sealed_recording.SERVER, sealed_recording.Ticking())
    blocks = sealed_recording.segment_blocks(name, 1, 200_000, random.Random(7))
    sealed_recording.write_segment(folder, KEYS, 1, blocks, True)
    folder.finish(sealed_recording.SEGMENT_MS)
    folder.close()
    return folder.path


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    directory = tmp_path / "recordings"
    directory.mkdir()
    keep(directory)
    return directory


def keep_large(directory: Path) -> Path:
    """A recording larger than all buffers between server and client; returns its segment's file."""
    segment = keep(directory, OTHER) / "000001.mkv.age"
    os.truncate(segment, LARGE)
    return segment


def open_files(directory: Path) -> list[str]:
    """Open files of this process, which the server runs in too."""
    links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    opened = [os.readlink(link) for link in links if os.path.islink(link)]
    return [path for path in opened if path.startswith(str(directory))]


async def keep_for(store: Store, days: int) -> None:
    """As typed at the terminal."""
    found = await store.meetings.find(MEETING)
    assert found is not None
    await store.meetings.set_recording(found.id, True, days)


async def get(control: Control, path: str, login: str = "chu-tri", **headers: str) -> aiohttp.ClientResponse:
    cookie = f"giaoban={await control.cookie_of(login)}"
    return await control.http.get(f"{control.url}{path}", headers={"Cookie": cookie, **headers})


async def entries(store: Store, event: str) -> list[Entry]:
    """What the audit log holds."""
    query = select(audit.c.document).order_by(audit.c.number)
    documents = await store.database.read(lambda db: db.execute(query).scalars().all())
    found = [msgspec.json.decode(document, type=Entry) for document in documents]
    return [entry for entry in found if entry.event == event]


# --- the list ---


async def test_chair_and_operator_see_all_recordings(tmp_path: Path, shelf: Path) -> None:
    async with running_control(tmp_path) as control:
        await keep_for(control.store, 100_000)
        answer = await get(control, "/api/recordings")
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        view = await answer.json()
        (entry,) = view["recordings"]
        assert view["may_download"] is True
        assert (entry["id"], entry["meeting"], entry["title"]) == (ID, MEETING, "Giao ban sáng")
        assert (entry["keys"], entry["segments"], entry["on"]) == (["Khóa 1"], 1, False)
        assert entry["begun_ms"] < entry["ended_ms"]
        assert entry["delete_ms"] == entry["ended_ms"] + 100_000 * DAY_MS
        assert entry["octets"] == sum(path.stat().st_size for path in (shelf / ID).glob("*.age"))
        assert (await (await get(control, "/api/recordings", "thu-ky")).json())["may_download"] is False


async def test_without_a_folder_the_list_is_empty(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        assert (await (await get(control, "/api/recordings")).json())["recordings"] == []


async def test_nobody_else_sees_or_gets_anything(tmp_path: Path, shelf: Path) -> None:
    async with running_control(tmp_path) as control:
        for path in ("/api/recordings", f"/api/recordings/{ID}.tar"):
            nobody = await control.http.get(f"{control.url}{path}")
            assert (nobody.status, await nobody.json()) == (401, {"code": "not-signed-in"})
            foreign = await get(control, path, Origin="https://elsewhere.example")
            assert (foreign.status, await foreign.json()) == (403, {"code": "other-origin"})
            cross = await get(control, path, **{"Sec-Fetch-Site": "cross-site"})
            assert cross.status == 403
            for role in (Role.DELEGATE, Role.TECHNICIAN, Role.SYSADMIN):
                if path.endswith("s"):
                    await control.account(role.value, role)
                refused = await get(control, path, role.value)
                assert (refused.status, await refused.json()) == (403, {"code": "not-allowed"})
        operator = await get(control, f"/api/recordings/{ID}.tar", "thu-ky")
        assert operator.status == 403


# --- the download ---


async def test_the_chair_downloads_the_whole_recording(tmp_path: Path, shelf: Path) -> None:
    async with running_control(tmp_path) as control:
        answer = await get(control, f"/api/recordings/{ID}.tar")
        body = await answer.read()
        assert (answer.status, answer.content_type) == (200, "application/x-tar")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{ID}.tar"'
        assert int(answer.headers["Content-Length"]) == len(body)
        assert unpacked(body) == {f"{ID}/{path.name}": path.read_bytes() for path in (shelf / ID).iterdir()}
        file = tmp_path / "home.tar"
        file.write_bytes(body)
        assert verify(open_archive(file), KEYS.identities, sealed_recording.SERVER.public).complete
    (entry,) = await log_of(tmp_path, "recording-downloaded")
    assert entry.login == "chu-tri"
    assert dict(entry.fields) == {"recording": ID, "from": 0, "octets": len(body)}
    assert await log_of(tmp_path, "recording-listed") == []


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files in a .tar, by name."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: file.read() for member in tar if (file := tar.extractfile(member)) is not None}


async def log_of(folder: Path, event: str) -> list[Entry]:
    """After the control plane has ended and written everything."""
    store = await Store.open(f"sqlite:///{folder / 'giaoban.db'}")
    try:
        return await entries(store, event)
    finally:
        await store.close()


async def test_a_download_that_broke_off_is_resumed(tmp_path: Path, shelf: Path) -> None:
    path = f"/api/recordings/{ID}.tar"
    async with running_control(tmp_path) as control:
        whole = await get(control, path)
        body, etag = await whole.read(), whole.headers["ETag"]
        rest = await get(control, path, **{"Range": "bytes=70000-", "If-Range": etag})
        assert rest.status == 206
        assert rest.headers["Content-Range"] == f"bytes 70000-{len(body) - 1}/{len(body)}"
        assert await rest.read() == body[70000:]
        end = await get(control, path, Range="bytes=-1024")
        assert await end.read() == bytes(1024)
        outside = await get(control, path, Range=f"bytes={len(body)}-")
        assert (outside.status, outside.headers["Content-Range"]) == (416, f"bytes */{len(body)}")
        with (shelf / ID / "000001.mkv.age").open("ab") as file:
            file.write(b"more")
        changed = await get(control, path, **{"Range": "bytes=70000-", "If-Range": etag})
        assert changed.status == 200  # the file has changed since: all of it again
        await changed.read()


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../audit.head",
        "%2e%2e%2f%2e%2e%2fgiaoban.db",
        "A",
        "khong-co",
        f"{ID}/manifest.jsonl",
        "x" * 65,
    ],
)
async def test_no_path_leads_to_anything_else(tmp_path: Path, shelf: Path, name: str) -> None:
    async with running_control(tmp_path) as control:
        cookie = await control.cookie_of("chu-tri")
        host, _, port = control.authority.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET /api/recordings/{name}.tar HTTP/1.1\r\nHost: {control.authority}\r\n"
            f"Cookie: giaoban={cookie}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 404 ")


async def test_two_download_at_once_and_a_third_is_told_to_wait(tmp_path: Path, shelf: Path) -> None:
    keep_large(shelf)
    async with running_control(tmp_path) as control:
        held = [await get(control, f"/api/recordings/{OTHER}.tar") for _ in range(MAX_DOWNLOADS)]
        assert [answer.status for answer in held] == [200, 200]
        third = await get(control, f"/api/recordings/{ID}.tar")
        assert (third.status, (await third.json())["code"]) == (503, "too-many-downloads")
        assert third.headers["Retry-After"]
        for answer in held:
            answer.close()  # the browser's "cancel"
        async with asyncio.timeout(PATIENCE_S):
            while (  # noqa: ASYNC110 - the server notices
                again := await get(control, f"/api/recordings/{ID}.tar")
            ).status == 503:
                await asyncio.sleep(0.02)
        assert again.status == 200
        await again.read()
        async with asyncio.timeout(PATIENCE_S):
            while open_files(shelf):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)


async def test_a_recording_deleted_during_its_download_does_not_look_complete(
    tmp_path: Path, shelf: Path
) -> None:
    segment = keep_large(shelf)
    async with running_control(tmp_path) as control:
        answer = await get(control, f"/api/recordings/{OTHER}.tar")
        assert answer.status == 200
        os.truncate(segment, LARGE // 2)
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


# --- how long they are kept ---


class Table(AuditTable):
    """An audit table that can be broken."""

    broken = False

    async def append(self, events: Sequence[AuditEvent]) -> Head:
        if self.broken:
            raise StorageUnavailable("by the test")
        return await super().append(events)


class RetentionStage:
    """A store, an audit log and a shelf, and the retention that works on them."""

    def __init__(self, store: Store, directory: Path) -> None:
        self.store = store
        self.directory = directory
        self.now_ms = clock().unix_ms
        self.on: frozenset[RecordingId] = frozenset()
        self.table = Table(store.database)
        log = AuditLog(self.table, self._now, None)
        self.retention = Retention(directory, store, log, lambda: self.on, self._now)

    def _now(self) -> Instant:
        return Instant(0.0, self.now_ms)

    def there(self) -> set[str]:
        return {path.name for path in self.directory.iterdir()}


@pytest.fixture
async def stage(tmp_path: Path, shelf: Path) -> AsyncIterator[RetentionStage]:
    store = await Store.open(f"sqlite:///{tmp_path / 'giaoban.db'}")
    await bootstrap(store, FirstAccounts("x", "y"), clock())
    keep(shelf, OTHER, "hop-kin")
    await keep_for(store, 7)
    made = RetentionStage(store, shelf)
    made.now_ms = sealed_recording.BEGUN_MS + 6 * DAY_MS
    yield made
    await store.close()


async def test_old_recordings_are_deleted_and_logged_and_all_others_stay(stage: RetentionStage) -> None:
    for _ in range(3):
        await stage.retention.sweep()
    assert stage.there() == {ID, OTHER}
    stage.now_ms += 2 * DAY_MS
    for _ in range(3):
        await stage.retention.sweep()
    assert stage.there() == {OTHER}  # its meeting keeps recordings for ever
    (entry,) = await entries(stage.store, "recording-deleted")
    assert entry.meeting == MEETING
    fields = dict(entry.fields)
    assert (fields["recording"], fields["age_days"], fields["keep_days"]) == (ID, 7, 7)
    assert int(fields["octets"]) > 200_000


async def test_a_clock_that_is_wrong_for_a_moment_deletes_nothing(stage: RetentionStage) -> None:
    stage.now_ms += 1000 * DAY_MS
    await stage.retention.sweep()
    stage.now_ms -= 1000 * DAY_MS
    await stage.retention.sweep()
    stage.now_ms += 1000 * DAY_MS
    await stage.retention.sweep()
    assert stage.there() == {ID, OTHER}


async def test_nothing_is_deleted_in_progress_or_before_the_log_has_it(stage: RetentionStage) -> None:
    stage.now_ms += 30 * DAY_MS
    stage.on = frozenset({RecordingId(ID)})
    for _ in range(3):
        await stage.retention.sweep()
    assert stage.there() == {ID, OTHER}
    stage.on = frozenset()
    await stage.retention.sweep()
    stage.table.broken = True
    await stage.retention.sweep()
    assert stage.there() == {ID, OTHER}
    stage.table.broken = False
    await stage.retention.sweep()
    assert stage.there() == {OTHER}
    assert len(await entries(stage.store, "recording-deleted")) == 1
