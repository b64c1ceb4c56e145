"""`giaoban keys add, remove, list`: whose keys lock recordings. Also works beside a running appliance.

The server knows only public keys. A private key given by mistake is refused and not stored.
"""

import asyncio
import re
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from deploy.commands.audit import write_down
from deploy.config import Config
from deploy.problem import Problem
from deploy.run.firstrun import opened_store
from deploy.state import existing_state
from recorder import Recipient
from recorder.format.chunks import MAX_RECIPIENTS
from recorder.format.manifest import key_fingerprint
from recorder.storage.signing import BadSigningKey, fingerprint, load_or_create_key
from recorder.writing.sealer import BadRecipient, recipient_untrusted
from signaling.clocks import clock
from signaling.model.text import one_line, search_key
from signaling.store import AlreadyThere, KeptKey, Store

MAX_NAME = 60
_MAX_KEY_FILE_BYTES = 64 << 10
_SECRET = re.compile(r"AGE-SECRET-KEY-", re.IGNORECASE)
_LOCKED = ("age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----")
_LOCKS = {False: "first", True: "second"}


def add(config: Config, key: str, name: str, second: bool, console: Console) -> None:
    """Lock recordings with this key from now on (age1..., or a file that holds it). Raises Problem."""
    shown = one_line(name)
    if not 0 < len(shown) <= MAX_NAME:
        raise Problem(
            "the key needs a name, which everybody sees while it is recorded",
            f'Up to {MAX_NAME} characters: --name "Ban Giám đốc".',
        )
    new = Recipient(shown, public_untrusted(_text_of(key)), second)
    now = asyncio.run(_add(config, new))
    console.print(Text(f"{new.name}: {key_fingerprint(new.key)}, {_LOCKS[second]} lock"), soft_wrap=True)
    console.print(
        "Compare the fingerprint with the one on paper. It holds for recordings that begin from now."
    )
    console.print(Text(who_opens(now)), soft_wrap=True)


def remove(config: Config, which: str, console: Console) -> None:
    """Lock no further recordings with this key, given by name, key or fingerprint. Raises Problem."""
    gone, now = asyncio.run(_remove(config, which))
    console.print(Text(f"{gone.name}: {key_fingerprint(gone.key)} locks nothing more"), soft_wrap=True)
    console.print(
        "What was recorded before is still locked with it: keep its private half as long as those.",
        soft_wrap=True,
    )
    if gone.second and not any(recipient.second for recipient in now):
        console.print(Text("It was the last key of the second lock: one person alone opens from now on."))
    console.print(Text(who_opens(now)), soft_wrap=True)


def show(config: Config, everything: bool, console: Console) -> None:
    """List the keys; with `everything` also those that were removed. Raises Problem."""
    kept = asyncio.run(_kept(config))
    for one in kept:
        if everything or one.removed_ms is None:
            console.print(Text(_line(one)), soft_wrap=True)
            console.print(Text(f"    {one.recipient.key}"), soft_wrap=True)
    console.print(Text(who_opens(tuple(one.recipient for one in kept if one.removed_ms is None))))
    signing = config.state_dir / "recorder.key"
    if signing.exists():
        try:
            public = load_or_create_key(signing).public
        except BadSigningKey as error:
            raise Problem(
                f"the recorder's signing key cannot be used: {error}", "Restore it from a backup."
            ) from None
        console.print(Text(f"this server signs its recordings with {public.hex()}"), soft_wrap=True)
        console.print(Text(f"    fingerprint {fingerprint(public)}"), soft_wrap=True)


def _line(one: KeptKey) -> str:
    lock = f"{_LOCKS[one.recipient.second]} lock"
    since = f"since {_day(one.added_ms)}"
    until = "" if one.removed_ms is None else f", removed {_day(one.removed_ms)}"
    return f"{one.recipient.name}  {key_fingerprint(one.recipient.key)}  {lock}  {since}{until}"


def _day(unix_ms: int) -> str:
    return f"{datetime.fromtimestamp(unix_ms / 1000).astimezone():%Y-%m-%d %H:%M}"


def who_opens(recipients: tuple[Recipient, ...]) -> str:
    """What these keys allow, in words."""
    second = sum(recipient.second for recipient in recipients)
    first = len(recipients) - second
    if not first:
        why = "no key" if not second else "no key of the first lock"
        return f"There is {why}: nothing can be recorded."
    if second:
        return f"Opening takes two: one of {first} keys of the first lock and one of {second} of the second."
    return "One key: who holds it opens alone." if first == 1 else f"{first} keys: each of them opens alone."


def _text_of(key: str) -> str:
    """The argument itself, or the contents of the file it names. Raises Problem."""
    if _SECRET.search(key) or key.lower().startswith("age1"):
        return key
    try:
        with Path(key).open("rb") as file:
            return file.read(_MAX_KEY_FILE_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such file"
        raise Problem(
            f"{key!r} is neither a public key (age1...) nor a file that holds one: {reason}",
            "giaoban keys new made a file that ends with .pub: give that.",
        ) from None


def public_untrusted(text: str) -> str:
    """The one public key in a text with comments (#). Raises Problem, which quotes nothing of the text: it
    may be a private key, and the message may be stored somewhere."""
    if _SECRET.search(text):
        raise Problem(
            "this is a PRIVATE key, which must never come to the server",
            "Nothing of it was kept. If others could see it here (shell history, backups), make a new pair"
            " with giaoban keys new on another machine, and bring its .pub file alone.",
        )
    if text.lstrip().startswith(_LOCKED):
        raise Problem(
            "this is a locked file, perhaps a private key, and no public one",
            "Nothing of it was kept. Private keys stay away from the server; bring the .pub file alone.",
        )
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) != 1:
        raise Problem(
            f"there are {len(lines)} keys in it instead of one", "Add them one by one, each under its name."
        )
    try:
        return recipient_untrusted(lines[0])
    except BadRecipient:
        raise Problem(
            "this is no public key of age, or a letter of it is wrong",
            "It begins with age1 and has 62 characters: copy all of it, or give the .pub file.",
        ) from None


async def _add(config: Config, new: Recipient) -> tuple[Recipient, ...]:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        now = await store.recipients.all()
        if any(one_line(one.name).casefold() == new.name.casefold() and one.key != new.key for one in now):
            raise Problem(
                f"there is a key called {new.name} already",
                'Give it another name, such as "Ban Giám đốc 2027", and remove the old one afterwards.',
            )
        if sum(one.second is new.second for one in now) >= MAX_RECIPIENTS:
            raise Problem(f"{MAX_RECIPIENTS} keys have this lock already", "Remove one first.")
        try:
            await store.recipients.add(new, clock().unix_ms)
        except AlreadyThere:
            raise Problem("this key is in use already", "giaoban keys list shows it.") from None
        await _note(config, store, "key-added", new)
        return await store.recipients.all()


async def _remove(config: Config, which: str) -> tuple[Recipient, tuple[Recipient, ...]]:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        now = await store.recipients.all()
        if _SECRET.search(which):
            public_untrusted(which)
        wanted = search_key(which)
        names = [(search_key(one.name), one.key, key_fingerprint(one.key)) for one in now]
        found = [one for one, known in zip(now, names, strict=True) if wanted in known]
        if len(found) != 1 or not await store.recipients.remove(found[0].key, clock().unix_ms):
            in_use = ", ".join(one.name for one in now) or "none"
            raise Problem(f"there is no key {which[:MAX_NAME]!r} in use", f"Keys in use: {in_use}.")
        await _note(config, store, "key-removed", found[0])
        return found[0], await store.recipients.all()


async def _note(config: Config, store: Store, event: str, recipient: Recipient) -> None:
    fields = (
        ("name", recipient.name),
        ("key", recipient.key),
        ("fingerprint", key_fingerprint(recipient.key)),
        ("lock", _LOCKS[recipient.second]),
    )
    await write_down(config, store, event, fields)


async def _kept(config: Config) -> tuple[KeptKey, ...]:
    existing_state(config.state_dir)
    async with opened_store(config) as store:
        return await store.recipients.every()
