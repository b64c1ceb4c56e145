"""One association's ICE-lite agent: which address do we send to? Without I/O.

`ports.py` feeds it authenticated checks; a lite agent never sends any itself.

    no path --first valid check--> path A --USE-CANDIDATE from B, or A silent and any check from B--> path B

Firefox sends USE-CANDIDATE only with its first checks, so without the rule for silence it would be lost after
a change of address (NAT rebinding, another network). Consent (RFC 7675) follows from `last_heard`. Source:
RFC 8445 sections 2.5 and 7.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

from sfu.fastpath import MAX_ADDRESSES, MAX_UFRAGS, NOWHERE
from sfu.transport import stun
from sfu.transport.stun import Attribute, Verified

STALE_AFTER_S = 3.5
"""The nominated address counts as silent after this; Chromium checks every 2.65 s, Firefox every 4 to 6 s."""
QUIET_S = 1.0
"""The same for a client whose media or feedback flowed at its last check: fifty packets of a voice, or ten of
feedback, are missing. Longer than the pauses of Opus (0.4 s)."""
LIVELY_S = 0.3
"""Media flows while the last packet is no older than this."""
MAX_PATHS = MAX_ADDRESSES
"""Addresses that one client may come from: its interfaces, v4 and v6, UDP and TCP."""
MAX_STREAMS = 4
"""Of these over TCP: two networks, and two addresses of ours."""
MAX_CREDENTIALS = MAX_UFRAGS
"""Restarts whose checks may still be on the way. The oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Path:
    """Where datagrams come from and go to."""

    port: int
    """The fast path's port index; STREAM for a TCP connection, NOWHERE when our socket has been closed."""
    address: tuple[str, int]
    connection: int = 0
    """Number of the TCP connection, 0 for UDP."""

    @property
    def protocol(self) -> str:
        return "tcp" if self.connection else "udp"


@dataclass(frozen=True, slots=True)
class Credentials:
    ufrag: str
    pwd: str


class Change(Enum):
    NONE = auto()
    NOMINATED = auto()
    """The first address: media and DTLS can flow."""
    MOVED = auto()


@dataclass(frozen=True, slots=True)
class Checked:
    reply: bytes
    change: Change = Change.NONE
    accepted: bool = True
    """False for an error answer: nothing about this address may be concluded from it."""
    forgotten: Path | None = None
    """Dropped to make room: what comes from it no longer belongs to this client."""


class IceLite:
    """Feed it checks, and send what it answers to where they came from."""

    __slots__ = ("_checked", "_credentials", "_has_rival", "_is_lively", "path")

    def __init__(self, credentials: Credentials) -> None:
        self.path: Path | None = None
        """The nominated one."""
        self._credentials = [credentials]
        self._checked: dict[Path, float] = {}
        self._has_rival = False
        """Another address has been accepted since the nominated one's last check: media may come from
        either."""
        self._is_lively = False
        """Media flowed at the nominated address's last check."""

    @property
    def credentials(self) -> Credentials:
        """The newest, for the answer."""
        return self._credentials[-1]

    @property
    def paths(self) -> Iterator[Path]:
        """All addresses that valid checks came from."""
        return iter(self._checked)

    def password(self, ufrag: str) -> bytes | None:
        """The key for checks to this ufrag, or None."""
        return next((x.pwd.encode("ascii") for x in self._credentials if x.ufrag == ufrag), None)

    def restart(self, credentials: Credentials) -> tuple[str, ...]:
        """New credentials; media stays on the old path until a check moves it. Returns the ufrags that were
        dropped."""
        self._credentials.append(credentials)
        forgotten = self._credentials[:-MAX_CREDENTIALS]
        self._credentials = self._credentials[-MAX_CREDENTIALS:]
        return tuple(old.ufrag for old in forgotten)

    def last_check(self, path: Path) -> float | None:
        return self._checked.get(path)

    def has_left(self, path: Path) -> bool:
        """The client has been heard from the nominated address more recently than from this one."""
        nominated = None if self.path is None else self._checked.get(self.path)
        return path != self.path and nominated is not None and nominated > self._checked.get(path, 0.0)

    def last_heard(self) -> float | None:
        """When the newest valid check came, from any address."""
        return max(self._checked.values(), default=None)

    def forget(self, path: Path) -> None:
        """A TCP connection ended, or the address now belongs to another client. It may still be nominated:
        then nothing can be sent until the next check."""
        self._checked.pop(path, None)

    def lose(self, port: int) -> bool:
        """Our socket of that index has been closed: none of its addresses counts any more, and the next check
        from any other is followed. True when the nominated one was among them."""
        self._checked = {path: at for path, at in self._checked.items() if path.port != port}
        if self.path is None or self.path.port != port:
            return False
        self.path = replace(self.path, port=NOWHERE)
        return True

    def on_check(
        self, request: Verified, key: bytes, path: Path, now: float, media_at: float = 0.0
    ) -> Checked:
        """A valid check arrived from `path`; `media_at`: when the last authentic media came, from any
        address."""
        message = request.message
        unknown = message.unknown()
        if unknown:
            return Checked(stun.error(request, 420, "Unknown Attribute", key, unknown), accepted=False)
        if Attribute.ICE_CONTROLLED in message.attributes:
            # RFC 8445 section 7.3.1.1: we cannot become controlling, so the client must.
            return Checked(stun.error(request, 487, "Role Conflict", key), accepted=False)
        reply = stun.success(request, path.address, key)
        change = self._change(Attribute.USE_CANDIDATE in message.attributes, path, now, media_at)
        if change is not Change.NONE:
            self.path = path
        self._has_rival = path != self.path
        if path == self.path:
            self._is_lively = now - media_at <= LIVELY_S
        self._checked[path] = now
        return Checked(reply, change, forgotten=self._overflow(path))

    def _change(self, nominates: bool, path: Path, now: float, media_at: float) -> Change:
        if self.path is None:
            return Change.NOMINATED
        if path == self.path:
            return Change.NONE
        return Change.MOVED if nominates or self._is_silent(self.path, now, media_at) else Change.NONE

    def _is_silent(self, nominated: Path, now: float, media_at: float) -> bool:
        heard = self._checked.get(nominated)
        if heard is None or now - heard > STALE_AFTER_S:
            return True
        return self._is_lively and not self._has_rival and now - max(heard, media_at) > QUIET_S

    def _overflow(self, newest: Path) -> Path | None:
        streams = [path for path in self._checked if path.connection]
        if len(streams) > MAX_STREAMS:
            crowd = streams
        elif len(self._checked) > MAX_PATHS:
            crowd = list(self._checked)
        else:
            return None
        oldest = min(
            (path for path in crowd if path not in (self.path, newest)), key=self._checked.__getitem__
        )
        del self._checked[oldest]
        return oldest
