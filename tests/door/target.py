"""What an attacker knows of the appliance, and what an attack tells about itself."""

import msgspec

from signaling.http.context import COOKIE


class Target(msgspec.Struct, frozen=True):
    """One appliance with a meeting that goes on. The attackers own some delegates' accounts."""

    address: str
    https_port: int
    media_port: int
    ca_file: str
    """The certificate of the appliance's own authority (PEM)."""
    meeting: str
    """Its code."""
    logins: tuple[str, ...]
    """Accounts of the attackers; their password is tests.support.appliance.PASSWORD."""
    tokens: tuple[str, ...]
    """A sign-in of each of them."""
    victim: str
    """The login of a chair, who is not among them; the same password."""
    database: str
    """The file of the database, for the faults that are no attack from outside."""
    worker_pid: int
    """The media worker, for the same."""

    def cookie(self, attacker: int) -> dict[str, str]:
        return {COOKIE: self.tokens[attacker]}


class AttackFigures(msgspec.Struct, frozen=True):
    """Counts of one attack, as the attacker saw them."""

    sent: int
    """Requests, frames, datagrams or connections, whatever the attack is made of."""
    seconds: float
    more: dict[str, float] = {}
    """What only this attack can tell."""
