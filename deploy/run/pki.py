"""Issues the server's certificate from our own authority, or checks a foreign certificate.

The CA's certificate is installed on each device once; after that, the server's certificate can be issued
again whenever the machine gets another address.
"""

import datetime
import ipaddress
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.problem import CertificateError

CA_DAYS = 3652
SERVER_DAYS = 397
"""Browsers refuse longer ones (CA/Browser Forum baseline, Apple 2020)."""
RENEW_DAYS = 30
_BACKDATE = datetime.timedelta(hours=1)
"""A phone whose clock is slightly behind must accept a certificate issued this minute."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """What the HTTPS server loads."""

    chain: Path
    """Server certificate first."""
    key: Path
    ca: Path | None
    """Our CA's certificate, None with a foreign certificate."""


def own_certificate(directory: Path, names: Iterable[str], now: datetime.datetime) -> CertificateFiles:
    """Make sure `directory` holds a CA and a server certificate for `names`; issue what is missing or old.

    Shapes: names are host names or IP addresses; now is aware.
    Errors: raises CertificateError when the files there cannot be read; OSError from writing.
    """
    wanted = frozenset(names)
    directory.mkdir(mode=0o700, exist_ok=True)
    ca_crt, ca_key = directory / "ca.crt", directory / "ca.key"
    files = CertificateFiles(directory / "server.crt", directory / "server.key", ca_crt)
    if not ca_crt.exists() or not ca_key.exists():
        _write_new_ca(ca_crt, ca_key, now)
    ca = _read_certificates(ca_crt)[0]
    if not (files.chain.exists() and files.key.exists() and _serves(files, ca, wanted, now)):
        signer = _read_key(ca_key)
        _require_fit(ca, signer, ca_crt, ca_key)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        _write_server(files, ca, signer, wanted, now)
    return files


def foreign_certificate(chain: Path, key: Path, now: datetime.datetime) -> CertificateFiles:
    """Check a certificate from elsewhere. Raises CertificateError."""
    certificate = _read_certificates(chain)[0]
    _require_fit(certificate, _read_key(key), chain, key)
    if certificate.not_valid_after_utc <= now:
        raise CertificateError(
            f"the certificate {chain} expired on {certificate.not_valid_after_utc:%Y-%m-%d}",
            "Put a renewed one in its place, or remove both settings to use the built-in CA.",
        )
    if certificate.not_valid_before_utc > now:
        raise CertificateError(
            f"the certificate {chain} is valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on",
            "Check this machine's clock.",
        )
    return CertificateFiles(chain, key, None)


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


def _serves(
    files: CertificateFiles, ca: x509.Certificate, wanted: frozenset[str], now: datetime.datetime
) -> bool:
    """Whether the certificate on disk is ours, fits its key, has the wanted names and lasts long enough."""
    try:
        certificate = _read_certificates(files.chain)[0]
        _require_fit(certificate, _read_key(files.key), files.chain, files.key)
        certificate.verify_directly_issued_by(ca)
    except (CertificateError, InvalidSignature, ValueError, TypeError):
        return False
    lasts = certificate.not_valid_after_utc - now > datetime.timedelta(days=RENEW_DAYS)
    return lasts and certificate.not_valid_before_utc <= now and wanted <= names_of(certificate)


def _write_new_ca(crt: Path, key_file: Path, now: datetime.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    # The year and four random digits tell two installations' authorities apart in a phone's list.
    serial = x509.random_serial_number()
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"Giao ban CA {now.year}-{serial % 10_000:04}")]
    )
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(serial)
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + datetime.timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_private(key_file, _key_pem(key))
    _write_private(crt, certificate.public_bytes(serialization.Encoding.PEM))
    crt.chmod(0o644)


def _write_server(
    files: CertificateFiles,
    ca: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    names: frozenset[str],
    now: datetime.datetime,
) -> None:
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
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(min(now + datetime.timedelta(days=SERVER_DAYS), ca.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in sorted(names)]), critical=False
        )
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    _write_private(files.key, _key_pem(key))
    chain = b"".join(c.public_bytes(serialization.Encoding.PEM) for c in (certificate, ca))
    _write_private(files.chain, chain)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _general_name(name: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(name)) if _is_address(name) else x509.DNSName(name)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(path: Path, data: bytes) -> None:
    """Replace a file atomically; at no moment can anyone but its owner read it."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _read_certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path, "certificate"))
    except ValueError:
        raise CertificateError(
            f"{path} holds no certificate in PEM form",
            "The file begins with -----BEGIN CERTIFICATE-----; convert DER with openssl x509 -inform der.",
        ) from None


def _read_key(path: Path) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(_read(path, "key"), password=None)
    except TypeError:
        raise CertificateError(
            f"the key {path} is protected by a password",
            "Remove it with openssl pkey -in KEY -out NEW; let only this service read the new file.",
        ) from None
    except ValueError:
        raise CertificateError(
            f"{path} holds no private key in PEM form", "The file begins with -----BEGIN PRIVATE KEY-----."
        ) from None


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(
            f"cannot read the {what} {path}: {error.strerror}", "Check the path and who may read the file."
        ) from None


def _require_fit(certificate: x509.Certificate, key: PrivateKeyTypes, chain: Path, key_file: Path) -> None:
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if certificate.public_key().public_bytes(*spki) != key.public_key().public_bytes(*spki):
        raise CertificateError(
            f"the key {key_file} does not belong to the certificate {chain}",
            "In a chain file the server's own certificate comes first; are both files from the same request?",
        )
