"""What systemd is told, over the socket that it gives its services."""

import socket
from pathlib import Path

import pytest

from deploy.run.notify import Systemd

pytestmark = pytest.mark.loopback


def test_systemd_is_told_over_its_socket_and_children_are_not_given_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        Systemd().tell("READY=1", "STATUS=ready")
        assert systemd.recv(100) == b"READY=1\nSTATUS=ready"
    Systemd().tell("READY=1")  # the variable is gone: nobody is told, and nothing fails


def test_a_systemd_that_is_gone_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    Systemd().tell("WATCHDOG=1")
