"""Credentials for the relay: short-lived, for one account, and the secret stays where it is."""

import base64
import hashlib
import hmac

from signaling.model.ids import AccountId, Instant
from signaling.model.relay import Relay
from signaling.protocol import Welcome
from tests.support.control_room import Scene, account

URLS = ("turn:192.0.2.7:443?transport=tcp",)
KNOWN = "8uPm96cDpzBMaM6yLoGwKrT4Eb8="
NOW = Instant(5.0, 1_764_230_400_999)


def test_a_credential_is_what_coturn_computes_from_the_name_and_the_secret() -> None:
    (server,) = Relay(URLS, "bí mật").servers(AccountId("a-nam"), NOW)
    assert (server.urls, server.username) == (URLS, f"{1_764_230_400 + 43_200}:a-nam")
    key = "bí mật".encode()
    expected = base64.b64encode(hmac.new(key, server.username.encode(), hashlib.sha1).digest())
    assert server.credential.encode() == expected


def test_a_known_credential_is_reproduced() -> None:
    """Computed with `openssl dgst -sha1 -hmac`."""
    (server,) = Relay(URLS, "logen").servers(AccountId("12334939"), Instant(0, 1_433_852_256_000))
    assert server.username == "1433895456:12334939"
    assert server.credential == KNOWN


def test_the_secret_is_never_printed() -> None:
    relay = Relay(URLS, "bí mật")
    assert "bí mật" not in f"{relay!r} {relay} {relay.servers(AccountId('a'), NOW)}"


def test_the_welcome_carries_the_relay_if_there_is_one() -> None:
    scene = Scene()
    assert scene.last(scene.enter(account("nhi")), Welcome).ice_servers == ()
    scene.room.state.relay = Relay(URLS, "bí mật")
    (server,) = scene.last(scene.enter(account("noi")), Welcome).ice_servers
    assert server.username.endswith(":noi")
