"""Private keys on the machine where recordings are opened: reads their files and asks for passphrases."""

import getpass
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.problem import Problem
from recorder.opening.unsealed import BadKey, Identities, NeedsPassphrase, identities_untrusted

MAX_TRIES = 3
_MAX_KEY_FILE_BYTES = 64 << 10
_TYPED = re.compile(rb"^[ \t]*(AGE-SECRET-KEY-1[0-9A-Z \t]+)", re.IGNORECASE | re.MULTILINE)


def identities(files: Sequence[Path]) -> Identities:
    """All keys in these files together. Raises Problem."""
    opened = [_identities(file) for file in files]
    whole = opened[0]
    for more in opened[1:]:
        whole = whole + more
    return whole


def _identities(file: Path) -> Identities:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        raise Problem(
            f"cannot read {file}: {error.strerror}", "Name the file of a private key with --key."
        ) from None
    try:
        return identities_untrusted(_TYPED.sub(_without_gaps, data))
    except NeedsPassphrase:
        return _unlocked(file, data)
    except BadKey as error:
        raise Problem(
            f"{file} holds no private key: {error}",
            "It must hold AGE-SECRET-KEY-1..., or be what giaoban keys new made. A .pub file is the public"
            " half.",
        ) from None


def _without_gaps(found: re.Match[bytes]) -> bytes:
    """A key typed from paper has gaps between its groups."""
    return b"".join(found[1].split())


def _unlocked(file: Path, data: bytes) -> Identities:
    """Asks for the passphrase, up to three times at a terminal; a pipe has one line for each locked key."""
    for _ in range(MAX_TRIES if sys.stdin.isatty() else 1):
        passphrase = asked(f"passphrase of {file.name}: ")
        try:
            return identities_untrusted(data, passphrase)
        except NeedsPassphrase:
            print(f"giaoban: that does not open {file.name}", file=sys.stderr)
        except BadKey as error:
            raise Problem(f"{file} holds no private key: {error}", "Is it the right file?") from None
    raise Problem(
        f"{file} stays locked", "The paper backup has the same key without a passphrase: type it into a file."
    )


def asked(prompt: str) -> str:
    """One line without echo; never from arguments, which others can see."""
    return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
