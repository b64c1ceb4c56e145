"""The certificate that is served follows its files: real handshakes, without a restart."""

import asyncio
import logging
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from deploy.run.pki import CertificateFiles, own_certificate
from deploy.run.served import Served
from signaling.surroundings import last_day

pytestmark = pytest.mark.loopback


def pair(directory: Path, *names: str) -> CertificateFiles:
    """A certificate of an authority of its own."""
    return own_certificate(directory, ("localhost", *names), datetime.now(UTC)).files


def put(source: CertificateFiles, target: CertificateFiles) -> None:
    """As a deploy hook does: one file after the other."""
    shutil.copy(source.chain, target.chain)
    shutil.copy(source.key, target.key)


def serial_of(files: CertificateFiles) -> int:
    return x509.load_pem_x509_certificates(files.chain.read_bytes())[0].serial_number


@asynccontextmanager
async def serving(served: Served) -> AsyncIterator[int]:
    """A TLS server that answers each line. Gives its port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=served.context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def connected(port: int, name: str = "") -> tuple[int, asyncio.StreamReader, asyncio.StreamWriter]:
    """The serial number of the certificate that a new connection is shown. Without a name none is asked for,
    as when the page is opened by its address."""
    context = ssl._create_unverified_context()  # noqa: S323 - whose certificate it is, is what is looked at
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown).serial_number, reader, writer


async def serial(port: int, name: str = "") -> int:
    number, _, writer = await connected(port, name)
    writer.close()
    return number


@pytest.mark.parametrize("name", ["", "localhost"])
async def test_new_connections_get_the_new_certificate_and_old_ones_go_on(tmp_path: Path, name: str) -> None:
    files, renewed = pair(tmp_path / "a"), pair(tmp_path / "b")
    served = Served(files)
    async with serving(served) as port:
        number, reader, writer = await connected(port, name)
        assert number == serial_of(files)
        put(renewed, files)
        served.look()
        assert await serial(port, name) == serial_of(renewed)
        writer.write(b"still here\n")
        assert await reader.readline() == b"still here\n"
        writer.close()


async def test_half_a_pair_is_not_taken_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files, renewed = pair(tmp_path / "a"), pair(tmp_path / "b")
    served, before = Served(files), serial_of(files)
    caplog.set_level(logging.INFO, "giaoban.certificate")
    async with serving(served) as port:
        whole = renewed.chain.read_bytes()
        for half in (whole, whole[:100], b""):
            files.chain.write_bytes(half)
            served.look()
            assert await serial(port) == before
        files.chain.unlink()
        served.look()
        assert await serial(port) == before
        put(renewed, files)
        served.look()
        assert await serial(port) == serial_of(renewed)
    assert [line.split()[0] for line in caplog.messages] == ["certificate-not-taken", "certificate-taken"]


async def test_a_link_to_another_folder_is_followed(tmp_path: Path) -> None:
    """Certbot and Kubernetes replace links, not files."""
    old, new = pair(tmp_path / "1"), pair(tmp_path / "2")
    live = tmp_path / "live"
    live.symlink_to(tmp_path / "1")
    served = Served(CertificateFiles(live / "server.crt", live / "server.key", None))
    async with serving(served) as port:
        assert await serial(port) == serial_of(old)
        live.unlink()
        live.symlink_to(tmp_path / "2")
        served.look()
        assert await serial(port) == serial_of(new)


async def test_the_dates_and_the_authority_that_are_told_follow_too(tmp_path: Path) -> None:
    files = pair(tmp_path / "a")
    served = Served(files)
    assert served.certificate.authority is not None
    assert files.ca is not None
    assert served.certificate.authority.pem == files.ca.read_bytes()
    shutil.rmtree(tmp_path / "a")
    ahead = datetime(2040, 5, 6, tzinfo=UTC)
    own_certificate(tmp_path / "a", ("localhost",), ahead)
    served.look()
    assert served.certificate.authority.pem == files.ca.read_bytes()
    assert last_day(served.certificate.validity) == "2041-06-06"
