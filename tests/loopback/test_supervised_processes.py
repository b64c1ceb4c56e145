"""The supervisor with real processes: tiny ones that call the test back when they have started."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.run.supervision import Policy
from deploy.run.supervisor import EXIT_HOPELESS, Child, GaveUp, Supervisor

pytestmark = pytest.mark.loopback

QUICK = Policy(first_pause_s=0.01, longest_pause_s=0.05)
CLOSE = Policy(first_pause_s=0.01, longest_pause_s=0.05, max_silent_looks=60, max_waking_looks=600)
"""Three seconds at LOOK_S."""
LOOK_S = 0.05
WAIT_S = 20

CALLS_BACK = """
import os, socket, sys, threading
from deploy.child import end_with_parent
line = b""
while not line.endswith(b"\\n"):
    line += os.read(0, 100)
threading.Thread(target=end_with_parent, daemon=True).start()
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b"%d %s" % (os.getpid(), line)); s.recv(1)
"""

BEATS = (
    CALLS_BACK.replace("s.recv(1)", "")
    + """
import asyncio
from deploy.run.pulse import own_pulse
async def live():
    pulse = own_pulse()
    pulse.ready()
    await pulse.beat()
asyncio.run(live())
"""
)
STARTS_SLOWLY = BEATS.replace("pulse.ready()", "import time; time.sleep(4); pulse.ready()")
"""Its loop stands still while it starts, as a media worker's that compiles."""
HANGS = BEATS.replace("await pulse.beat()", "import time; await asyncio.sleep(0); time.sleep(600)")

SUPERVISES = """
import asyncio, sys
from deploy.run.supervisor import Child, Supervisor
child = Child((sys.executable, "-c", sys.argv[1], sys.argv[2]), b"orphan-to-be")
asyncio.run(Supervisor({"child": child}).run())
"""
SUPERVISES_CLOSELY = SUPERVISES.replace(
    'Supervisor({"child": child})', 'Supervisor({"child": child}, Policy(max_silent_looks=60), look_s=0.05)'
).replace("import asyncio, sys", "import asyncio, sys; from deploy.run.supervision import Policy")


class Life:
    """A process that has called back; its connection closes when it ends."""

    def __init__(self, greeting: bytes, reader: asyncio.StreamReader) -> None:
        pid, settings = greeting.decode().split()
        self.pid = int(pid)
        self.settings = settings
        self._reader = reader

    async def ended(self) -> None:
        async with asyncio.timeout(WAIT_S):
            assert await self._reader.read(1) == b""


@asynccontextmanager
async def switchboard(path: Path) -> AsyncIterator[asyncio.Queue[Life]]:
    """A Unix socket that puts its callers in a queue."""
    calls: asyncio.Queue[Life] = asyncio.Queue(maxsize=16)
    writers: list[asyncio.StreamWriter] = []

    async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await calls.put(Life(await reader.readline(), reader))

    server = await asyncio.start_unix_server(called, path)
    try:
        yield calls
    finally:
        for writer in writers:
            writer.close()
        server.close()


async def next_life(calls: asyncio.Queue[Life]) -> Life:
    async with asyncio.timeout(WAIT_S):
        return await calls.get()


def calling_back(path: Path, settings: bytes, program: str = CALLS_BACK) -> Child:
    return Child((sys.executable, "-c", program, str(path)), settings)


async def test_a_process_that_dies_is_started_again_with_its_settings_and_stop_ends_all(
    tmp_path: Path,
) -> None:
    path = tmp_path / "s"
    async with switchboard(path) as calls:
        supervisor = Supervisor({"child": calling_back(path, b"settings-7")}, QUICK)
        running = asyncio.ensure_future(supervisor.run())
        first = await next_life(calls)
        assert first.settings == "settings-7"
        assert supervisor.pid("child") == first.pid
        os.kill(first.pid, signal.SIGKILL)
        second = await next_life(calls)
        assert second.pid != first.pid
        assert second.settings == "settings-7"
        supervisor.stop()
        async with asyncio.timeout(WAIT_S):
            await running
        await second.ended()
        assert supervisor.pid("child") is None


async def test_a_process_is_replaced_while_the_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with switchboard(path) as calls:
        supervisor = Supervisor(
            {"media": calling_back(path, b"media"), "control": calling_back(path, b"control")}, QUICK
        )
        running = asyncio.ensure_future(supervisor.run())
        lives = {life.settings: life for life in (await next_life(calls), await next_life(calls))}
        supervisor.restart("control")
        new = await next_life(calls)
        await lives["control"].ended()
        assert new.settings == "control"
        assert supervisor.pid("control") == new.pid
        assert supervisor.pid("media") == lives["media"].pid
        supervisor.stop()
        async with asyncio.timeout(WAIT_S):
            await running


async def test_when_the_supervisor_is_killed_its_children_end(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with switchboard(path) as calls:
        parent = await asyncio.create_subprocess_exec(sys.executable, "-c", SUPERVISES, CALLS_BACK, str(path))
        child = await next_life(calls)
        parent.kill()
        await parent.wait()
        await child.ended()


async def test_a_process_that_dies_again_and_again_is_given_up_on(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with switchboard(path) as calls:
        children = {
            "healthy": calling_back(path, b"x"),
            "broken": Child((sys.executable, "-c", "raise SystemExit(1)"), b"x"),
        }
        with pytest.raises(GaveUp) as raised:
            async with asyncio.timeout(WAIT_S):
                await Supervisor(children, QUICK).run()
        assert not raised.value.hopeless
        assert "broken" in raised.value.text
        if not calls.empty():
            await calls.get_nowait().ended()


async def test_a_process_that_cannot_run_with_its_settings_is_not_started_twice() -> None:
    broken = Child((sys.executable, "-c", f"raise SystemExit({EXIT_HOPELESS})"), b"x")
    with pytest.raises(GaveUp) as raised:
        async with asyncio.timeout(WAIT_S):
            await Supervisor({"broken": broken}, QUICK).run()
    assert raised.value.hopeless


@pytest.mark.record
async def test_a_process_that_the_others_do_not_need_may_die_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with switchboard(path) as calls:
        deaths = tmp_path / "deaths"
        broken = f"open({str(deaths)!r}, 'a').write('x'); raise SystemExit({EXIT_HOPELESS})"
        supervisor = Supervisor(
            {
                "broken": Child((sys.executable, "-c", broken), b"x", dispensable=True),
                "healthy": calling_back(path, b"x"),
            },
            Policy(first_pause_s=0.01, longest_pause_s=0.02, dispensable_pause_s=0.03, give_up_after=2),
        )
        running = asyncio.ensure_future(supervisor.run())
        healthy = await next_life(calls)
        async with asyncio.timeout(WAIT_S):
            while not deaths.exists() or len(deaths.read_text()) < 6:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        assert supervisor.pid("healthy") == healthy.pid
        supervisor.stop()
        async with asyncio.timeout(WAIT_S):
            await running
        await healthy.ended()


# --- processes that do not answer ---


@asynccontextmanager
async def supervised(children: dict[str, Child]) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(children, CLOSE, look_s=LOOK_S)
    running = asyncio.ensure_future(supervisor.run())
    try:
        yield supervisor
    finally:
        supervisor.stop()
        async with asyncio.timeout(WAIT_S):
            await running


@pytest.mark.parametrize("program", [BEATS, HANGS], ids=["stopped", "its loop hangs"])
async def test_a_process_that_does_not_answer_is_replaced_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], program: str
) -> None:
    path = tmp_path / "s"
    async with (
        switchboard(path) as calls,
        supervised(
            {"a": calling_back(path, b"a", program), "b": calling_back(path, b"b", BEATS)}
        ) as supervisor,
    ):
        first = {life.settings: life for life in (await next_life(calls), await next_life(calls))}
        async with asyncio.timeout(WAIT_S):
            await supervisor.all_ready.wait()
        if program is BEATS:
            os.kill(first["a"].pid, signal.SIGSTOP)
        second = await next_life(calls)
        assert second.settings == "a"
        assert supervisor.pid("b") == first["b"].pid
    events = [line for line in caplog.messages if "name=a" in line]
    assert events[0].startswith("process-silent")
    assert events[1].startswith("process-killed name=a reason=does-not-answer")
    if program is HANGS:
        assert "most recent call first" in capfd.readouterr().err


async def test_a_long_start_is_not_taken_for_a_process_that_hangs(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with (
        switchboard(path) as calls,
        supervised({"a": calling_back(path, b"a", STARTS_SLOWLY)}) as supervisor,
    ):
        life = await next_life(calls)
        async with asyncio.timeout(WAIT_S):
            await supervisor.all_ready.wait()
        assert supervisor.pid("a") == life.pid


async def test_after_a_pause_of_the_supervisor_or_of_all_nobody_is_killed(tmp_path: Path) -> None:
    """SIGSTOP, a suspended laptop, a virtual machine that is moved."""
    path = tmp_path / "s"
    async with switchboard(path) as calls:
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SUPERVISES_CLOSELY, BEATS, str(path)
        )
        child = await next_life(calls)
        for pids in ((parent.pid,), (parent.pid, child.pid)):
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(4.0)  # real time: other processes stand still in it
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(1.0)
        assert calls.empty()
        os.kill(child.pid, 0)  # it lives
        parent.terminate()
        await parent.wait()
        await child.ended()
