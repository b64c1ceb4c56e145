"""The server's signature under each line of a manifest: Ed25519, from `cryptography`.

The private key is in a file of its own on the server. It proves who wrote a recording and cannot open one.
"""

import os
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PUBLIC_KEY_BYTES = 32


class BadSigningKey(Exception):
    """The file holds no Ed25519 key, or cannot be read or written."""


class SigningKey:
    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()

    @classmethod
    def new(cls) -> "SigningKey":
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def of_seed(cls, seed: bytes) -> "SigningKey":
        """The key of these 32 bytes, always the same."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, data: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._private.sign(data)

    def _pem(self) -> bytes:
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def verified(public: bytes, data: bytes, signature: bytes) -> bool:
    """Whether the owner of this public key signed exactly these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public: bytes) -> str:
    """A public key in a form that people can compare: 8 groups of 4 digits."""
    digits = sha256(public).hexdigest()[:32]
    return " ".join(digits[at : at + 4] for at in range(0, 32, 4))


def load_or_create_key(path: Path) -> SigningKey:
    """The key in this file (PEM, PKCS #8); a new one if there is no file. Raises BadSigningKey."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return _create_key(path)
    except OSError as error:
        raise BadSigningKey(f"{path}: {error.strerror}") from error
    try:
        found = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError) as error:
        raise BadSigningKey(f"{path}: {error}") from None
    if not isinstance(found, Ed25519PrivateKey):
        raise BadSigningKey(f"{path}: not an Ed25519 key")
    return SigningKey(found)


def _create_key(path: Path) -> SigningKey:
    """Written completely or not at all: a half-written key would lock the recorder out."""
    key = SigningKey.new()
    draft = path.with_suffix(path.suffix + ".new")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(key._pem())
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except OSError as error:
        raise BadSigningKey(f"{path}: {error.strerror}") from error
    return key
