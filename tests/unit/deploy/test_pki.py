"""Certificates: ours verify and are renewed in time; foreign ones are checked before they are used."""

import datetime
import ipaddress
import shutil
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from deploy.problem import CertificateError
from deploy.run.authority import Why
from deploy.run.pki import (
    CertificateFiles,
    Issued,
    dates_complaint,
    foreign_certificate,
    names_of,
    own_certificate,
    ssl_context,
)

NOW = datetime.datetime(2026, 3, 2, 1, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
NAMES = ("localhost", "giaoban.local", "192.0.2.7", "fd00::7")


def own(directory: Path, names: tuple[str, ...], now: datetime.datetime) -> CertificateFiles:
    return own_certificate(directory, names, now).files


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
    verify(own(tmp_path / "pki", NAMES, NOW), name, NOW)


def test_the_chain_does_not_verify_for_another_name(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    with pytest.raises(VerificationError):
        verify(files, "example.org", NOW)


def test_the_authority_can_sign_servers_but_no_other_authority(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    assert files.ca is not None
    constraints = read(files.ca)[0].extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints.ca
    assert constraints.path_length == 0


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    own(tmp_path / "pki", NAMES, NOW)
    assert stat.S_IMODE((tmp_path / "pki").stat().st_mode) == 0o700
    for key in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / "pki" / key).stat().st_mode) == 0o600


def test_its_lifetime_is_one_that_browsers_accept(tmp_path: Path) -> None:
    leaf = read(own(tmp_path / "pki", NAMES, NOW).chain)[0]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= 398 * DAY


def test_starting_again_keeps_authority_and_certificate(tmp_path: Path) -> None:
    before = own(tmp_path / "pki", NAMES, NOW).chain.read_bytes()
    assert own(tmp_path / "pki", NAMES[:2], NOW + 300 * DAY).chain.read_bytes() == before


def test_a_new_address_gets_a_new_certificate_from_the_same_authority(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    assert files.ca is not None
    authority = files.ca.read_bytes()
    files = own(tmp_path / "pki", (*NAMES, "198.51.100.9"), NOW + DAY)
    assert "198.51.100.9" in names_of(read(files.chain)[0])
    verify(files, "198.51.100.9", NOW + DAY)
    assert files.ca is not None
    assert files.ca.read_bytes() == authority


def test_it_is_renewed_in_its_last_month(tmp_path: Path) -> None:
    before = own(tmp_path / "pki", NAMES, NOW).chain.read_bytes()
    files = own(tmp_path / "pki", NAMES, NOW + 370 * DAY)
    assert files.chain.read_bytes() != before
    verify(files, "localhost", NOW + 500 * DAY)


def test_a_damaged_server_certificate_is_issued_again(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    files.chain.write_bytes(b"rubbish")
    verify(own(tmp_path / "pki", NAMES, NOW), "localhost", NOW)


def test_a_damaged_authority_is_never_replaced_silently(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    assert files.ca is not None
    files.ca.write_bytes(b"rubbish")
    shutil.rmtree(tmp_path / "pki" / "authorities")  # as an older version left it
    with pytest.raises(CertificateError, match=r"ca\.crt holds no certificate"):
        own(tmp_path / "pki", NAMES, NOW)


def test_the_server_speaks_tls_1_2_or_newer(tmp_path: Path) -> None:
    context = ssl_context(own(tmp_path / "pki", NAMES, NOW))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_foreign_certificate_with_its_key_is_accepted(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    assert foreign_certificate(files.chain, files.key).ca is None


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    other = own(tmp_path / "other", NAMES, NOW)
    with pytest.raises(CertificateError, match="does not belong"):
        foreign_certificate(files.chain, other.key)


def test_an_expired_certificate_is_served_and_its_date_is_said(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    assert foreign_certificate(files.chain, files.key).chain == files.chain
    assert dates_complaint(files.chain, NOW) is None
    complaint = dates_complaint(files.chain, NOW + 400 * DAY)
    assert complaint is not None
    assert "expired on 2027-04-02" in complaint.text


def test_for_a_certificate_that_is_not_yet_valid_the_clock_is_suggested(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    complaint = dates_complaint(files.chain, NOW - 3 * DAY)
    assert complaint is not None
    assert "clock" in complaint.remedy


def test_files_that_are_missing_or_not_pem_are_named(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    with pytest.raises(CertificateError, match=r"nothing\.pem: No such file"):
        foreign_certificate(tmp_path / "nothing.pem", files.key)
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_bytes(b"\x30\x82\x01")
    with pytest.raises(CertificateError, match="no certificate in PEM"):
        foreign_certificate(rubbish, files.key)
    with pytest.raises(CertificateError, match="no private key in PEM"):
        foreign_certificate(files.chain, rubbish)


def test_a_key_with_a_password_is_refused_with_a_remedy(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(CertificateError, match="protected by a password"):
        foreign_certificate(files.chain, locked)


YEAR = 365 * DAY


def fingerprint(files: CertificateFiles) -> bytes:
    assert files.ca is not None
    return files.ca.read_bytes()


def issued(directory: Path, now: datetime.datetime) -> Issued:
    """After a start at this time: whatever it did, browsers with the right time accept the result."""
    result = own_certificate(directory, NAMES, now)
    verify(result.files, "localhost", now)
    assert result.ends <= result.authority.certificate.not_valid_after_utc
    return result


@pytest.mark.parametrize(
    ("later", "why"),
    [(11 * YEAR, Why.EXPIRED), (10 * YEAR - 10 * DAY, Why.LAST_DAYS), (-5 * DAY, Why.NOT_YET_VALID)],
)
def test_an_authority_that_is_not_good_now_is_replaced(
    tmp_path: Path, later: datetime.timedelta, why: Why
) -> None:
    before = issued(tmp_path / "pki", NOW)
    assert before.authority.changed is Why.FIRST
    old = fingerprint(before.files)
    after = issued(tmp_path / "pki", NOW + later)
    assert after.authority.changed is why
    assert not after.authority.returned
    assert fingerprint(after.files) != old
    assert issued(tmp_path / "pki", NOW + later).authority.changed is None


def used_for_three_days(directory: Path) -> bytes:
    known = {fingerprint(issued(directory, NOW + past * DAY).files) for past in range(3)}
    assert len(known) == 1
    return known.pop()


def test_an_authority_that_devices_know_comes_back_when_the_clock_is_right_again(tmp_path: Path) -> None:
    known = used_for_three_days(tmp_path / "pki")
    for wrong in (NOW + 20 * YEAR, NOW - 30 * DAY, NOW + 20 * YEAR):
        assert fingerprint(issued(tmp_path / "pki", wrong).files) != known
        again = issued(tmp_path / "pki", NOW + 3 * DAY)
        assert fingerprint(again.files) == known
        assert again.authority.returned
    # The three wrong times are two: each got one authority, however often it came.
    assert len(list((tmp_path / "pki" / "authorities").glob("*.crt"))) == 3


def test_an_authority_of_a_wrong_clock_does_not_come_back_when_its_time_has_come(tmp_path: Path) -> None:
    first = fingerprint(issued(tmp_path / "pki", NOW + YEAR).files)
    known = used_for_three_days(tmp_path / "pki")
    assert known != first
    assert fingerprint(issued(tmp_path / "pki", NOW + 2 * YEAR).files) == known


def test_a_damaged_file_of_the_authority_is_restored_from_its_copy(tmp_path: Path) -> None:
    issued(tmp_path / "pki", NOW)
    known = fingerprint(issued(tmp_path / "pki", NOW + 11 * YEAR).files)
    (tmp_path / "pki" / "ca.key").write_bytes(b"")
    again = issued(tmp_path / "pki", NOW + 11 * YEAR)
    assert fingerprint(again.files) == known
    assert again.authority.returned


def test_a_clock_that_starts_in_1970_changes_nothing(tmp_path: Path) -> None:
    before = own(tmp_path / "pki", NAMES, NOW)
    chain, ca = before.chain.read_bytes(), fingerprint(before)
    after = own_certificate(tmp_path / "pki", NAMES, datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))
    assert (after.files.chain.read_bytes(), fingerprint(after.files)) == (chain, ca)
    assert not after.is_new


@pytest.mark.parametrize("year", [1970, 2000])
def test_what_is_made_while_the_clock_is_at_its_beginning_is_good_when_it_is_right(
    tmp_path: Path, year: int
) -> None:
    made = own_certificate(tmp_path / "pki", NAMES, datetime.datetime(year, 1, 1, tzinfo=datetime.UTC))
    ca = fingerprint(made.files)
    verify(made.files, "localhost", NOW)
    again = issued(tmp_path / "pki", NOW)
    assert fingerprint(again.files) == ca


def test_a_certificate_never_outlives_its_authority_and_says_when_it_is_shortened(tmp_path: Path) -> None:
    assert not issued(tmp_path / "pki", NOW).is_shortened
    late = issued(tmp_path / "pki", NOW + 10 * YEAR - 100 * DAY)
    assert late.authority.changed is None
    assert late.is_shortened


def test_a_clock_a_time_zone_ahead_at_the_first_start_does_no_harm(tmp_path: Path) -> None:
    made = own(tmp_path / "pki", NAMES, NOW + datetime.timedelta(hours=14))
    verify(made, "localhost", NOW)
    assert issued(tmp_path / "pki", NOW).authority.changed is None


def test_a_power_cut_while_an_authority_is_replaced_leaves_one_that_signs(tmp_path: Path) -> None:
    issued(tmp_path / "pki", NOW)
    old = (tmp_path / "pki" / "ca.crt").read_bytes()
    later = NOW + 11 * YEAR
    new = fingerprint(issued(tmp_path / "pki", later).files)
    (tmp_path / "pki" / "ca.crt").write_bytes(old)  # the new key was written, its certificate was not
    assert fingerprint(issued(tmp_path / "pki", later).files) == new


def test_a_lost_file_of_the_authority_is_said(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", NAMES, NOW)
    assert files.ca is not None
    files.ca.unlink()
    assert issued(tmp_path / "pki", NOW).authority.changed is Why.INCOMPLETE


def test_a_host_name_that_no_certificate_can_hold_is_left_out(tmp_path: Path) -> None:
    files = own(tmp_path / "pki", ("localhost", "máy-chủ", ""), NOW)
    assert names_of(read(files.chain)[0]) == {"localhost"}
