"""Real browsers for the tests, driven over their own WebSocket protocols, without a driver program."""

from pathlib import Path

from tests.support.browser import chromium, firefox
from tests.support.browser.page import Browser, Page, PageError
from tests.support.browser.rpc import DriverError

__all__ = [
    "NAMES",
    "Browser",
    "DriverError",
    "Page",
    "PageError",
    "launch",
    "launch_with_devices",
    "missing",
]

NAMES = ("chromium", "firefox")
LOGS = Path("build/logs")


def missing(name: str) -> str | None:
    """Why tests with this browser must be skipped here, or None."""
    if _binary(name) is not None:
        return None
    package = {"chromium": "chromium", "firefox": "firefox-esr"}[name]
    return f"no {name} on this machine: make browsers brings {package}"


async def launch(name: str, *, loudspeaker: bool = False) -> Browser:
    """`loudspeaker`: there is one (tests/support/loudspeaker.py). Raises DriverError."""
    path = _binary(name)
    if path is None:
        raise DriverError(f"no {name} on this machine")
    log = LOGS / f"{name}.log"
    if name == "firefox":
        return await firefox.Firefox.launch(path, log, firefox.LOUDSPEAKER if loudspeaker else None)
    return await chromium.Chromium.launch(path, log)


async def launch_with_devices(name: str) -> Browser:
    """A browser with its own fake devices and its own permissions. Raises DriverError."""
    path = _binary(name)
    if path is None:
        raise DriverError(f"no {name} on this machine")
    log = LOGS / f"{name}-devices.log"
    if name == "firefox":
        return await firefox.Firefox.launch(path, log, firefox.OWN_DEVICES)
    return await chromium.Chromium.launch(path, log, chromium.OWN_DEVICES)


def _binary(name: str) -> str | None:
    return firefox.binary() if name == "firefox" else chromium.binary()
