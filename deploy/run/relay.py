"""Reads the secret that this installation shares with its TURN relay from a file."""

import stat
from pathlib import Path

from deploy.problem import ConfigError

MIN_SECRET = 16
"""Characters: `openssl rand -hex 32` makes 64."""
MAX_SECRET = 512


def read_secret(path: Path) -> str:
    """The first line of the file, without its end. Raises ConfigError.

    A group may read it: systemd hands credentials to a service that way.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ConfigError(f"turn_secret_file: {path} is not a file", "Name a plain file with one line.")
        with path.open("rb") as file:
            first, _, rest = file.read(MAX_SECRET + 2).partition(b"\n")
    except OSError as error:
        raise ConfigError(
            f"turn_secret_file: cannot read {path}: {error.strerror}",
            "Name the file that holds the relay's static-auth-secret; deploy/coturn/README.md says how.",
        ) from None
    if mode & stat.S_IRWXO:
        raise ConfigError(
            f"turn_secret_file: everybody on this machine may use {path}", f"Close it: chmod o= {path}"
        )
    secret = first.strip()
    if rest.strip() or not MIN_SECRET <= len(secret) <= MAX_SECRET or not _is_plain(secret):
        raise ConfigError(
            f"turn_secret_file: {path} does not hold one secret of {MIN_SECRET} characters or more",
            "Make one: openssl rand -hex 32",
        )
    return secret.decode("ascii")


def _is_plain(secret: bytes) -> bool:
    """Printable and without blanks: coturn's settings file can hold it as it is."""
    return all(33 <= byte <= 126 for byte in secret)
