"""Certificates and keys as PEM files: read with clear words for what is wrong, written closed to others."""

import os
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from deploy.problem import CertificateError


def read_certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path, "certificate"))
    except ValueError:
        raise CertificateError(
            f"{path} holds no certificate in PEM form",
            "The file begins with -----BEGIN CERTIFICATE-----; convert DER with openssl x509 -inform der.",
        ) from None


def read_key(path: Path) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(_read(path, "key"), password=None)
    except TypeError:
        raise CertificateError(
            f"the key {path} is protected by a password",
            "Remove it with openssl pkey -in KEY -out NEW; let only this service read the new file.",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
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


def require_fit(certificate: x509.Certificate, key: PrivateKeyTypes, chain: Path, key_file: Path) -> None:
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if certificate.public_key().public_bytes(*spki) != key.public_key().public_bytes(*spki):
        raise CertificateError(
            f"the key {key_file} does not belong to the certificate {chain}",
            "In a chain file the server's own certificate comes first; are both files from the same request?",
        )


def write_private(path: Path, data: bytes) -> None:
    """Replace a file atomically; at no moment can anyone but its owner read it."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
