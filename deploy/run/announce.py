"""What `giaoban serve` prints at the terminal."""

import io
from collections.abc import Sequence
from pathlib import Path

import segno
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.config import Config
from deploy.run.addresses import host_name, url
from deploy.run.authority import Authority, Why
from deploy.run.database_start import NewAccount


def say(console: Console, text: str) -> None:
    """One line of progress."""
    console.print(Text.assemble(("giaoban: ", "dim"), text), soft_wrap=True)


def tell_accounts(console: Console, accounts: tuple[NewAccount, ...]) -> None:
    """The first accounts with their passwords, which cannot be shown again."""
    console.print(Text("First accounts. Write them down: the passwords are shown only now.", style="bold"))
    table = Table()
    for column in ("role", "login", "password"):
        table.add_column(column)
    for account in accounts:
        table.add_row(account.role.value, account.login, Text(account.password, style="bold"))
    console.print(table)


def warn(console: Console, text: str) -> None:
    """Something that does not stop the start, but needs somebody."""
    console.print(Text(text, style="bold yellow"), soft_wrap=True)


_WHY_CHANGED = {
    Why.INCOMPLETE: "One of its files was missing.",
    Why.EXPIRED: "The one before has expired.",
    Why.LAST_DAYS: "The one before is in its last days.",
    Why.NOT_YET_VALID: "The one before is not valid yet: was, or is, the clock wrong?",
}


def tell_authority(console: Console, authority: Authority, file: Path) -> None:
    """Another authority signs from now on: what that means for the devices."""
    if authority.changed is None or authority.changed is Why.FIRST:
        return
    if authority.returned:
        say(console, "the certificate authority that the devices know signs again")
        return
    warn(console, f"There is a new certificate authority. {_WHY_CHANGED[authority.changed]}")
    say(console, f"install {file} (or /ca.crt of this server) on each device; until then browsers warn")


def addresses_to_open(config: Config, local: Sequence[str]) -> tuple[str, ...]:
    """URLs: this machine first, then the network. local: this machine's addresses, without loopback."""
    hosts = [host for host in config.host if host not in ("0.0.0.0", "::")]  # noqa: S104 - compared
    if not hosts:
        hosts = ["localhost", *config.advertise, *local]
    return tuple(dict.fromkeys(url(host, config.https_port) for host in hosts))


def tell_ready(console: Console, config: Config, local: Sequence[str], meeting: str, *, ca: bool) -> None:
    """Where to open the meeting, with a QR code for telephones. ca: our own one signed the certificate."""
    urls = addresses_to_open(config, local)
    network = next((one for one in urls if "localhost" not in one and "127.0.0.1" not in one), None)
    console.print()
    console.print(Text.assemble(("Giao ban is ready. ", "bold green"), f"Meeting: {meeting}. Open:"))
    for one in urls:
        console.print(Text(f"    {one}", style="bold"), soft_wrap=True)
    if ca:
        say(
            console, "browsers warn until they know this installation's own certificate authority; accept it,"
        )
        say(console, f"or install {config.state_dir / 'pki' / 'ca.crt'} on the devices")
    if network is not None and console.is_terminal:
        console.print(Text(f"For telephones on this network ({network}, this machine is {host_name()}):"))
        drawing = io.StringIO()
        segno.make(network, error="m").terminal(out=drawing, compact=True)
        console.out(drawing.getvalue(), end="", highlight=False)
    say(console, "Ctrl-C stops it. To try it alone: make simulate, in another terminal")
