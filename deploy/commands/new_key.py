"""`giaoban keys new`: a key pair for opening recordings, made on a machine that is not the server.

Needs no state directory and no network. The private key is written locked with a passphrase, as `age` itself
would lock it, and on a page to print; the server gets only the public key.
"""

import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from deploy.commands.paper import page
from deploy.commands.private_keys import asked
from deploy.problem import Problem
from recorder.format.manifest import key_fingerprint
from recorder.opening.unsealed import BadKey, NewKey, identities_untrusted, lock_with_passphrase, new_key
from signaling.model.text import one_line

MIN_PASSPHRASE_LETTERS = 10


@dataclass(frozen=True, slots=True)
class KeyFiles:
    private: Path

    @property
    def public(self) -> Path:
        return self.private.with_name(f"{self.private.name}.pub")

    @property
    def paper(self) -> Path:
        return self.private.with_name(f"{self.private.name}.html")


def make(file: Path, name: str, console: Console, *, lock: bool, paper: bool, show: bool) -> None:
    """Write the files of a new key, without a passphrase unless `lock`; `show` also prints the private key.
    Raises Problem."""
    files, name = KeyFiles(file), one_line(name)
    for path in (files.private, files.public, *([files.paper] if paper else [])):
        if os.path.lexists(path):
            raise Problem(f"{path} is there already", "Choose another name: a lost key opens nothing again.")
    passphrase = _new_passphrase() if lock else None
    key, date = new_key(), datetime.now().astimezone()
    told = f"# {name}\n# created: {date.isoformat(timespec='seconds')}\n# public key: {key.public}\n"
    data = f"{told}{key.secret}\n".encode()
    fingerprint = key_fingerprint(key.public)
    try:
        _write(files.private, data if passphrase is None else lock_with_passphrase(data, passphrase), 0o600)
        _prove(files.private, passphrase, key)
        _write(files.public, f"# {name}\n{key.public}\n".encode(), 0o644)
        if paper:
            said = page(name, f"{date:%Y-%m-%d}", key.secret, key.public, fingerprint)
            _write(files.paper, said.encode(), 0o600)
    except OSError as error:
        raise Problem(
            f"cannot write {error.filename or file}: {error.strerror}",
            "Choose a folder that you may write to; delete what was written of this key, it is incomplete.",
        ) from None
    console.print(Text(f"public key   {key.public}\nfingerprint  {fingerprint}"), soft_wrap=True)
    _explain(console, files, lock=lock, paper=paper, name=name)
    if show:
        console.print(Text(key.secret), soft_wrap=True)


def _explain(console: Console, files: KeyFiles, *, lock: bool, paper: bool, name: str) -> None:
    how = (
        "locked with the passphrase" if lock else "NOT locked: whoever reads this file opens every recording"
    )
    said = [f"{files.private}: the private key, {how}. Never take it to the server."]
    said.append(f'{files.public}: on the server: giaoban keys add {files.public.name} --name "{name}"')
    if paper:
        said.append(f"{files.paper}: print it, lock the page away, then delete this file: it is not locked.")
    said.append("Whoever loses every copy of it loses the recordings: nobody can open them without it.")
    for line in said:
        console.print(Text(line), soft_wrap=True)


def _new_passphrase() -> str:
    """Asks for it twice at a terminal; a pipe gives it once. Raises Problem."""
    first = asked("passphrase for the new key: ")
    if len(first) < MIN_PASSPHRASE_LETTERS:
        raise Problem(
            "the passphrase is too short",
            f"Use at least {MIN_PASSPHRASE_LETTERS} characters, such as four words; or give --no-passphrase.",
        )
    if sys.stdin.isatty() and asked("once more: ") != first:
        raise Problem("the two passphrases differ", "Try again; nothing was written.")
    return first


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write and sync a new file. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _prove(path: Path, passphrase: str | None, key: NewKey) -> None:
    """Check that the file holds the key that recordings will be locked with. Raises Problem, OSError."""
    try:
        found = identities_untrusted(path.read_bytes(), passphrase)
    except BadKey as error:
        raise Problem(f"{path} cannot be read again: {error}", "Delete it; is the disk sound?") from None
    if found.public != (key.public,):
        raise Problem(f"{path} holds another key", "Delete it; is the disk sound?")
