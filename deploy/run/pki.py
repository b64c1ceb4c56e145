"""Issues the server's certificate from our own authority, or checks a foreign certificate.

The server's certificate is issued again whenever the machine gets another address or name, and in its last
month.
"""

import datetime
import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.problem import CertificateError
from deploy.run.authority import CLOCK_SINCE, RENEW_DAYS, Authority, is_believable, standing_authority, usage
from deploy.run.pem import key_pem, read_certificates, read_key, require_fit, write_private

SERVER_DAYS = 396
_BACKDATE = datetime.timedelta(days=1)
"""A phone whose clock is behind must accept a certificate issued this minute. Together with SERVER_DAYS it is
below 398 days: browsers refuse longer ones (CA/Browser Forum baseline, Apple 2020)."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """What the HTTPS server loads."""

    chain: Path
    """Server certificate first."""
    key: Path
    ca: Path | None
    """Our CA's certificate, None with a foreign certificate."""


@dataclass(frozen=True, slots=True)
class Issued:
    """Our own certificate, and what was done to have it."""

    files: CertificateFiles
    authority: Authority
    ends: datetime.datetime
    is_new: bool
    """It was issued this moment."""

    @property
    def is_shortened(self) -> bool:
        """It ends with the authority, before its time."""
        return self.is_new and self.ends == self.authority.certificate.not_valid_after_utc


def own_certificate(directory: Path, names: Iterable[str], now: datetime.datetime) -> Issued:
    """Make sure `directory` holds a CA and a server certificate for `names`; issue what is missing or old.

    Shapes: names are host names or IP addresses; now is aware.
    Errors: raises CertificateError when the files there cannot be read; OSError from writing.
    """
    # A name that is no DNS name can stand in no certificate, and nobody can type it.
    wanted = frozenset(name for name in names if name and name.isascii())
    directory.mkdir(mode=0o700, exist_ok=True)
    authority = standing_authority(directory, now)
    files = CertificateFiles(directory / "server.crt", directory / "server.key", directory / "ca.crt")
    present = _serving(files, authority, wanted, now)
    if present is not None:
        return Issued(files, authority, present.not_valid_after_utc, is_new=False)
    return Issued(files, authority, _write_server(files, authority, wanted, now), is_new=True)


def foreign_certificate(chain: Path, key: Path) -> CertificateFiles:
    """Check a certificate from elsewhere: that it can be used at all. Raises CertificateError."""
    certificate = read_certificates(chain)[0]
    require_fit(certificate, read_key(key), chain, key)
    return CertificateFiles(chain, key, None)


def dates_complaint(chain: Path, now: datetime.datetime) -> CertificateError | None:
    """What is wrong with the dates of a certificate from elsewhere. It is served all the same: browsers warn,
    but people can meet; the clock may be what is wrong; and it can be renewed while the server runs."""
    certificate = read_certificates(chain)[0]
    if certificate.not_valid_after_utc <= now:
        return CertificateError(
            f"the certificate {chain} expired on {certificate.not_valid_after_utc:%Y-%m-%d}",
            "Browsers warn. Put a renewed one in its place: it is taken up at once.",
        )
    if certificate.not_valid_before_utc > now:
        return CertificateError(
            f"the certificate {chain} is valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on",
            "Browsers warn if that is so. Check this machine's clock.",
        )
    return None


def ssl_context(files: CertificateFiles) -> ssl.SSLContext:
    """The server's TLS: 1.2 and newer. Raises CertificateError when the files do not load."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(files.chain, files.key)
    except (OSError, ssl.SSLError) as error:
        raise CertificateError(
            f"cannot use {files.chain} with {files.key}: {error}",
            "Check both files with openssl x509 / pkey.",
        ) from None
    return context


def names_of(certificate: x509.Certificate) -> frozenset[str]:
    """Its subject alternative names, host names and addresses alike; empty when it has none."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    addresses = names.get_values_for_type(x509.IPAddress)
    return frozenset(names.get_values_for_type(x509.DNSName)) | {str(address) for address in addresses}


def _serving(
    files: CertificateFiles, authority: Authority, wanted: frozenset[str], now: datetime.datetime
) -> x509.Certificate | None:
    """The certificate on disk, if it is ours, fits its key, has the wanted names and lasts long enough."""
    try:
        certificate = read_certificates(files.chain)[0]
        require_fit(certificate, read_key(files.key), files.chain, files.key)
        certificate.verify_directly_issued_by(authority.certificate)
    except (CertificateError, InvalidSignature, ValueError, TypeError):
        return None
    if not wanted <= names_of(certificate):
        return None
    lasts = certificate.not_valid_after_utc - now > datetime.timedelta(days=RENEW_DAYS)
    in_time = lasts and certificate.not_valid_before_utc <= now
    return certificate if in_time or not is_believable(now) else None


def _write_server(
    files: CertificateFiles, authority: Authority, names: frozenset[str], now: datetime.datetime
) -> datetime.datetime:
    """Issue it. Returns when it ends."""
    ca = authority.certificate
    at = max(now, CLOCK_SINCE, ca.not_valid_before_utc)
    ends = min(at + datetime.timedelta(days=SERVER_DAYS), ca.not_valid_after_utc)
    key = ec.generate_private_key(ec.SECP256R1())
    host = next(
        (name for name in sorted(names) if not _is_address(name) and name != "localhost"), "localhost"
    )
    identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        x509.CertificateBuilder(
            issuer_name=ca.subject,
            # A common name longer than 64 characters is invalid; browsers read only the alternative names.
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])]),
            public_key=key.public_key(),
        )
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(at - _BACKDATE, ca.not_valid_before_utc))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in sorted(names)]), critical=False
        )
        .add_extension(usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(authority.key, hashes.SHA256())
    )
    write_private(files.key, key_pem(key))
    write_private(
        files.chain, b"".join(c.public_bytes(serialization.Encoding.PEM) for c in (certificate, ca))
    )
    return certificate.not_valid_after_utc


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _general_name(name: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(name)) if _is_address(name) else x509.DNSName(name)
