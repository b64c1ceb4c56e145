"""Short-lived credentials for the relay (TURN, RFC 8656), for networks that let nothing else pass. Pure.

Source: coturn's "REST API" credentials (draft-uberti-behave-turn-rest-00, section 2.2). The user name is the
Unix second at which it expires, a colon and the account; the password is the base64 of HMAC-SHA1 over that
name. coturn uses SHA-1, which is not broken as the hash of an HMAC.
"""

import base64
import hmac
from dataclasses import dataclass, field

import msgspec

from signaling.model.ids import AccountId, Instant

VALID_S = 12 * 3600
"""Longer than any briefing. A page that stays open overnight gets new ones with its next welcome."""


class IceServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A TURN relay, in the terms of RTCIceServer. The credential is for one account and expires after some
    hours."""

    urls: tuple[str, ...]
    username: str
    credential: str


@dataclass(frozen=True, slots=True)
class Relay:
    """The TURN relay of this installation."""

    urls: tuple[str, ...]
    """Like "turns:giaoban.example:443?transport=tcp"."""
    secret: str = field(repr=False)
    """Shared with coturn (static-auth-secret). It never leaves this process."""

    def servers(self, account: AccountId, now: Instant) -> tuple[IceServer, ...]:
        """The servers that this account's browser may use from now on. Cannot fail."""
        username = f"{now.unix_ms // 1000 + VALID_S}:{account}"
        digest = hmac.digest(self.secret.encode(), username.encode(), "sha1")
        return (IceServer(self.urls, username, base64.b64encode(digest).decode()),)
