"""`giaoban serve` with something wrong: a clear line, a remedy, exit code 2, nothing started."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.config import Config
from deploy.problem import PortError
from deploy.run.ports import check_ports
from deploy.state import locked, open_state
from sfu.addresses import find
from tests.support.network import Network, in_own_network

pytestmark = pytest.mark.loopback


@contextmanager
def taken(kind: socket.SocketKind) -> Iterator[int]:
    """A port of 127.0.0.1 that another program uses."""
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen(1)
        yield other.getsockname()[1]


@pytest.fixture
def free_ports() -> list[str]:
    """Flags for two ports that are free now."""
    with taken(socket.SOCK_STREAM) as https, taken(socket.SOCK_STREAM) as media:
        pass
    return [
        f"--https-port={https}",
        f"--media-port={media}",
        "--host=127.0.0.1",
        "--media-addresses=127.0.0.1",
    ]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What serve printed before it ended with exit code 2."""
    assert main(["serve", *arguments]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "giaoban: " in said
    assert "\n  -> " in said
    return said


def test_an_https_port_in_use(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, free_ports: list[str]
) -> None:
    with taken(socket.SOCK_STREAM) as port:
        said = refused(capsys, f"--state={tmp_path}", *free_ports, f"--https-port={port}")
    assert f"TCP port {port} on 127.0.0.1 is in use" in said
    assert "--https-port" in said


@pytest.mark.parametrize(("kind", "name"), [(socket.SOCK_DGRAM, "UDP"), (socket.SOCK_STREAM, "TCP")])
def test_a_media_port_in_use(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    free_ports: list[str],
    kind: socket.SocketKind,
    name: str,
) -> None:
    with taken(kind) as port:
        said = refused(capsys, f"--state={tmp_path}", *free_ports, f"--media-port={port}")
    assert f"{name} port {port} on 127.0.0.1 is in use" in said
    assert "--media-port" in said


def test_an_address_that_is_not_of_this_machine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, free_ports: list[str]
) -> None:
    said = refused(capsys, f"--state={tmp_path}", *free_ports, "--host=203.0.113.77")
    assert "203.0.113.77 is not an address of this machine" in said


def test_a_configured_address_that_the_machine_cannot_use_yet_does_not_end_the_start() -> None:
    async def scene(network: Network) -> None:
        network.plug_in("lan", "fd00::7/64", cable=False)
        config = Config(host=("fd00::7",), media_addresses=("fd00::7", "127.0.0.1"))
        check_ports(config, find())
        network.take("lan", "fd00::7/64")
        with pytest.raises(PortError, match="fd00::7 is not an address of this machine"):
            check_ports(config, find())

    in_own_network(scene)


def test_an_address_that_was_found_and_has_gone_again_does_not_end_the_start() -> None:
    async def scene(network: Network) -> None:
        network.plug_in("lan", "192.0.2.1/24")
        found = find()
        assert "192.0.2.1" in found.usable
        network.take("lan", "192.0.2.1/24")
        check_ports(Config(), found)

    in_own_network(scene)


def test_a_port_in_use_on_a_found_address_is_said() -> None:
    async def scene(network: Network) -> None:
        network.plug_in("lan", "192.0.2.1/24")
        with socket.socket(type=socket.SOCK_DGRAM) as other:
            other.bind(("192.0.2.1", Config().media_port))
            with pytest.raises(PortError, match=r"UDP port 8444 on 192\.0\.2\.1 is in use"):
                check_ports(Config(), find())

    in_own_network(scene)


def test_a_state_directory_that_is_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "not a directory" in refused(capsys, f"--state={tmp_path / 'file'}")


def test_a_state_directory_of_a_newer_version(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "version").write_text("99\n")
    assert "newer giaoban" in refused(capsys, f"--state={tmp_path}")


def test_a_state_directory_that_another_appliance_uses(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    open_state(tmp_path)
    with locked(tmp_path):
        assert "another giaoban serves" in refused(capsys, f"--state={tmp_path}")


def test_a_file_that_holds_no_certificate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish")
    said = refused(capsys, f"--state={tmp_path / 'var'}", f"--certificate={rubbish}", f"--key={rubbish}")
    assert "holds no certificate in PEM form" in said


def test_a_settings_file_with_a_misspelt_key(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("media_prot = 9000\n")
    said = refused(capsys, f"--config={file}", f"--state={tmp_path / 'var'}")
    assert "'media_prot'" in said
    assert "Did you mean media_port?" in said
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("command", [["simulate"], ["account", "list"]])
def test_other_commands_do_not_make_a_state_directory(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]
) -> None:
    assert main([*command, f"--state={tmp_path / 'var'}"]) == 2
    assert "Start the appliance once" in capsys.readouterr().err
    assert not (tmp_path / "var").exists()
