"""What is printed once the appliance answers."""

import io

from rich.console import Console

from deploy.config import Config
from deploy.run.addresses import url
from deploy.run.announce import addresses_to_open, tell_accounts, tell_ready
from deploy.run.database_start import NewAccount
from deploy.run.firstrun import readable_password
from signaling.model.words import Role

LOCAL = ("192.0.2.8", "fd00::8")


def told(config: Config, *, terminal: bool, ca: bool = True) -> str:
    sink = io.StringIO()
    console = Console(file=sink, force_terminal=terminal, width=100)
    tell_ready(console, config, LOCAL, "giao-ban", ca=ca)
    return sink.getvalue()


def test_urls_bracket_ipv6_and_omit_the_default_port() -> None:
    assert url("192.0.2.7", 8443) == "https://192.0.2.7:8443"
    assert url("fd00::7", 8443) == "https://[fd00::7]:8443"
    assert url("giaoban.example", 443) == "https://giaoban.example"


def test_this_machine_comes_first_then_advertised_addresses_then_the_network() -> None:
    urls = addresses_to_open(Config(advertise=("203.0.113.5",)), LOCAL)
    assert urls[:2] == ("https://localhost:8443", "https://203.0.113.5:8443")
    assert urls[2:] == ("https://192.0.2.8:8443", "https://[fd00::8]:8443")


def test_only_addresses_that_are_listened_on_are_shown() -> None:
    assert addresses_to_open(Config(host=("192.0.2.7",)), LOCAL) == ("https://192.0.2.7:8443",)


def test_a_terminal_gets_a_qr_code_for_telephones_and_a_log_file_does_not() -> None:
    config = Config(host=("192.0.2.7",))
    assert "█" in told(config, terminal=True)
    assert "█" not in told(config, terminal=False)
    assert "https://192.0.2.7:8443" in told(config, terminal=False)


def test_our_own_authority_is_not_mentioned_with_a_foreign_certificate() -> None:
    assert "ca.crt" in told(Config(), terminal=False)
    assert "ca.crt" not in told(Config(), terminal=False, ca=False)


def test_first_accounts_are_shown_with_login_and_password() -> None:
    sink = io.StringIO()
    tell_accounts(Console(file=sink, width=100), (NewAccount(Role.CHAIR, "chu-tri", "ba-be-bi"),))
    assert "chair" in sink.getvalue()
    assert "chu-tri" in sink.getvalue()
    assert "ba-be-bi" in sink.getvalue()


def test_passwords_can_be_read_aloud_and_differ() -> None:
    passwords = {readable_password() for _ in range(50)}
    assert len(passwords) == 50
    assert all(len(password) == 20 and password.replace("-", "").isalpha() for password in passwords)
