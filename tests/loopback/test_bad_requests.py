"""What is sent to the web door is answered or closed: never a fault of ours, never a traceback."""

import asyncio
import logging
from pathlib import Path

import pytest

from signaling.connections.connection import abort
from signaling.http.requests import requests_log
from tests.support.bad_requests import bad_requests
from tests.support.control import Control, running_control

pytestmark = pytest.mark.loopback

AT_ONCE = 16
ANSWER_S = 0.5
"""Half a request gets no answer, and is not waited for."""


async def _ask(control: Control, said: bytes, places: asyncio.Semaphore) -> bytes:
    host, port = control.authority.split(":")
    async with places:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(said)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await reader.readline()
        except (TimeoutError, ConnectionError):
            return b""
        finally:
            abort(writer.transport)


async def test_nothing_that_is_sent_is_a_fault_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running_control(tmp_path) as control:
        places = asyncio.Semaphore(AT_ONCE)
        requests = list(bad_requests(control.authority, seed=11))
        answers = await asyncio.gather(*(_ask(control, said, places) for said in requests))
        good = await _ask(control, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", places)
    for said, answer in zip(requests, answers, strict=True):
        assert answer == b"" or answer.split()[1] < b"500", (said[:200], answer)
    assert good.startswith(b"HTTP/1.1 200 ")
    ours = ("giaoban", "aiohttp", "asyncio")
    records = [record for record in caplog.records if record.name.startswith(ours)]
    assert [record.getMessage() for record in records if record.exc_info] == []
    assert max(len(record.getMessage()) for record in records) < 200


@pytest.mark.parametrize(
    ("header", "status"),
    [("Sec-WebSocket-Key: \xff", 400), ("Expect: \xff", 417), ("Origin: https://[", 403)],
)
async def test_a_bad_header_has_its_own_answer(tmp_path: Path, header: str, status: int) -> None:
    async with running_control(tmp_path) as control:
        head = f"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{header}\r\n\r\n"
        answer = await _ask(control, head.encode("latin-1"), asyncio.Semaphore())
        assert answer.split()[1] == str(status).encode()


def test_a_fault_of_ours_keeps_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise LookupError("ours")
    except LookupError:
        requests_log.exception("Error handling request")
    assert caplog.records[-1].exc_info is not None
    assert caplog.records[-1].getMessage() == "request-failed"
