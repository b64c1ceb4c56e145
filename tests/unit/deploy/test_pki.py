"""Certificates: ours verify and are renewed in time; foreign ones are checked before they are used."""

import datetime
import ipaddress
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from deploy.problem import CertificateError
from deploy.run.pki import CertificateFiles, foreign_certificate, names_of, own_certificate, ssl_context

NOW = datetime.datetime(2026, 3, 2, 1, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
NAMES = ("localhost", "giaoban.local", "192.0.2.7", "fd00::7")


def read(path: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(path.read_bytes())


def verify(files: CertificateFiles, name: str, at: datetime.datetime) -> None:
    assert files.ca is not None
    leaf, *others = read(files.chain)
    subject = (
        x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() or ":" in name else x509.DNSName(name)
    )
    policy = PolicyBuilder().store(Store(read(files.ca))).time(at)
    policy.build_server_verifier(subject).verify(leaf, others)


@pytest.mark.parametrize("name", NAMES)
def test_the_chain_verifies_for_every_name_and_address(tmp_path: Path, name: str) -> None:
    verify(own_certificate(tmp_path / "pki", NAMES, NOW), name, NOW)


def test_the_chain_does_not_verify_for_another_name(tmp_path: Path) -> None:
    files = own_certificate(tmp_path / "pki", NAMES, NOW)
    with pytest.raises(VerificationError):
        verify(files, "example.org", NOW)


def test_the_authority_can_sign_servers_but_no_other_authority(tmp_path: Path) -> None:
    files = own_certificate(tmp_path / "pki", NAMES, NOW)
    assert files.ca is not None
    constraints = read(files.ca)[0].extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints.ca
    assert constraints.path_length == 0


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    own_certificate(tmp_path / "pki", NAMES, NOW)
    assert stat.S_IMODE((tmp_path / "pki").stat().st_mode) == 0o700
    for key in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / "pki" / key).stat().st_mode) == 0o600


def test_its_lifetime_is_one_that_browsers_accept(tmp_path: Path) -> None:
    leaf = read(own_certificate(tmp_path / "pki", NAMES, NOW).chain)[0]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= 398 * DAY


def test_starting_again_keeps_authority_and_certificate(tmp_path: Path) -> None:
    before = own_certificate(tmp_path / "pki", NAMES, NOW).chain.read_bytes()
    assert own_certificate(tmp_path / "pki", NAMES[:2], NOW + 300 * DAY).chain.read_bytes() == before


def test_a_new_address_gets_a_new_certificate_from_the_same_authority(tmp_path: Path) -> None:
    files = own_certificate(tmp_path / "pki", NAMES, NOW)
    assert files.ca is not None
    authority = files.ca.read_bytes()
    files = own_certificate(tmp_path / "pki", (*NAMES, "198.51.100.9"), NOW + DAY)
    assert "198.51.100.9" in names_of(read(files.chain)[0])
    verify(files, "198.51.100.9", NOW + DAY)
    assert files.ca is not None
    assert files.ca.read_bytes() == authority


def test_it_is_renewed_in_its_last_month(tmp_path: Path) -> None:
    before = own_certificate(tmp_path / "pki", NAMES, NOW).chain.read_bytes()
    files = own_certificate(tmp_path / "pki", NAMES, NOW + 370 * DAY)
    assert files.chain.read_bytes() != before
    verify(files, "localhost", NOW + 500 * DAY)


def test_a_damaged_server_certificate_is_issued_again(tmp_path: Path) -> None:
    files = own_certificate(tmp_path / "pki", NAMES, NOW)
    files.chain.write_bytes(b"rubbish")
    verify(own_certificate(tmp_path / "pki", NAMES, NOW), "localhost", NOW)


def test_a_damaged_authority_is_never_replaced_silently(tmp_path: Path) -> None:
    files = own_certificate(tmp_path / "pki", NAMES, NOW)
    assert files.ca is not None
    files.ca.write_bytes(b"rubbish")
    with pytest.raises(CertificateError, match=r"ca\.crt holds no certificate"):
        own_certificate(tmp_path / "pki", NAMES, NOW)


def test_the_server_speaks_tls_1_2_or_newer(tmp_path: Path) -> None:
    context = ssl_context(own_certificate(tmp_path / "pki", NAMES, NOW))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_foreign_certificate_with_its_key_is_accepted(tmp_path: Path) -> None:
    own = own_certificate(tmp_path / "pki", NAMES, NOW)
    assert foreign_certificate(own.chain, own.key, NOW).ca is None


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    own = own_certificate(tmp_path / "pki", NAMES, NOW)
    other = own_certificate(tmp_path / "other", NAMES, NOW)
    with pytest.raises(CertificateError, match="does not belong"):
        foreign_certificate(own.chain, other.key, NOW)


def test_an_expired_certificate_is_refused_with_its_date(tmp_path: Path) -> None:
    own = own_certificate(tmp_path / "pki", NAMES, NOW)
    with pytest.raises(CertificateError, match="expired on 2027-04-03"):
        foreign_certificate(own.chain, own.key, NOW + 400 * DAY)


def test_for_a_certificate_that_is_not_yet_valid_the_clock_is_suggested(tmp_path: Path) -> None:
    own = own_certificate(tmp_path / "pki", NAMES, NOW)
    with pytest.raises(CertificateError) as raised:
        foreign_certificate(own.chain, own.key, NOW - DAY)
    assert "clock" in raised.value.remedy


def test_files_that_are_missing_or_not_pem_are_named(tmp_path: Path) -> None:
    own = own_certificate(tmp_path / "pki", NAMES, NOW)
    with pytest.raises(CertificateError, match=r"nothing\.pem: No such file"):
        foreign_certificate(tmp_path / "nothing.pem", own.key, NOW)
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_bytes(b"\x30\x82\x01")
    with pytest.raises(CertificateError, match="no certificate in PEM"):
        foreign_certificate(rubbish, own.key, NOW)
    with pytest.raises(CertificateError, match="no private key in PEM"):
        foreign_certificate(own.chain, rubbish, NOW)


def test_a_key_with_a_password_is_refused_with_a_remedy(tmp_path: Path) -> None:
    own = own_certificate(tmp_path / "pki", NAMES, NOW)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(CertificateError, match="protected by a password"):
        foreign_certificate(own.chain, locked, NOW)
