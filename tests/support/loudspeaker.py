"""A loudspeaker for browsers on a machine without a sound card: a sound server of our own that plays into
nothing, at the right speed. Firefox' own stand-in is slower than time by per cents, and much slower on a busy
machine, so that no voice could ever fit a picture there."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

PROGRAM = "pulseaudio"
START_S = 10.0


class NoLoudspeaker(Exception):
    """The sound server is not installed, or does not start."""


@asynccontextmanager
async def loudspeaker(folder: Path) -> AsyncIterator[None]:
    """Programs that are started meanwhile play into it. Raises NoLoudspeaker."""
    if shutil.which(PROGRAM) is None:
        raise NoLoudspeaker(f"Firefox is measured with a sound server: apt-get install {PROGRAM}")
    place = folder / "native"
    door = f"module-native-protocol-unix socket={place} auth-anonymous=1"
    process = await asyncio.create_subprocess_exec(
        *("setpriv", "--pdeathsig", "TERM", "--"),
        *(PROGRAM, "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--realtime=no"),
        *("-L", "module-null-sink rate=48000 norewinds=1", "-L", door),
        env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(START_S):
            while not place.exists():  # noqa: ASYNC110 - the server tells nobody when it is ready
                await asyncio.sleep(0.05)
        os.environ["PULSE_SERVER"] = f"unix:{place}"
        yield
    except TimeoutError:
        raise NoLoudspeaker(f"{PROGRAM} does not start") from None
    finally:
        os.environ.pop("PULSE_SERVER", None)
        process.terminate()
        await process.wait()
