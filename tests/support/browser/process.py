"""A browser as a process: its profile and home, its log, its process group."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path

from tests.support.browser.rpc import DriverError

START_S = 45.0
"""A first start on two busy cores takes Firefox more than ten seconds."""
STOP_S = 5.0


class BrowserProcess:
    """One running browser. `stop` ends its whole process group, reaps it and removes its profile."""

    def __init__(self, process: asyncio.subprocess.Process, profile: Path, log: Path) -> None:
        self._process = process
        self.profile = profile
        self.log = log

    @classmethod
    async def start(cls, argv: list[str], profile: Path, log: Path) -> "BrowserProcess":
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "HOME": str(profile), "TMPDIR": str(profile), "LANG": "C.UTF-8"}
        environment.pop("DISPLAY", None)
        with log.open("wb") as sink:
            process = await asyncio.create_subprocess_exec(
                # A test run that is killed must not leave its browsers behind.
                *("setpriv", "--pdeathsig", "TERM", "--"),
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=environment,
                start_new_session=True,
            )
        return cls(process, profile, log)

    async def file_appears(self, name: str) -> str:
        """Text of a file that the browser writes into its profile once it listens. Raises DriverError."""
        path = self.profile / name
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                while self._process.returncode is None:
                    if path.exists() and (text := path.read_text()).strip():
                        return text
                    await asyncio.sleep(0.05)
        tail = self.log.read_text(errors="replace")[-2000:]
        raise DriverError(f"the browser did not start (exit code {self._process.returncode}):\n{tail}")

    async def stop(self) -> None:
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            pass
        # Children of a browser outlive it for a moment, or for ever if it was killed.
        self._signal(signal.SIGKILL)
        await self._process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def new_profile(name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"giaoban-{name}-"))
