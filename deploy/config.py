"""Settings: defaults, then giaoban.toml, then the environment, then flags; the later one wins.

The file is flat: one `key = value` a line, the keys are the fields of Config.
"""

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from deploy.problem import ConfigError

CONFIG_FILE = "giaoban.toml"
SYSTEM_FILE = Path("/etc/giaoban") / CONFIG_FILE
"""Read when there is none where the command is typed, so that every command finds what the service has."""
STATE_VARIABLE = "GIAOBAN_STATE"

_TURN_URL = re.compile(r"turns?:([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?(\?transport=(udp|tcp))?", re.ASCII)
"""RFC 7065."""

Port = Annotated[int, Meta(ge=1, le=65535)]
Name = Annotated[str, Meta(max_length=120)]


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that can be set. Paths are as written: relative ones count from the working directory."""

    state: Annotated[str, Meta(min_length=1)] = "var"
    """State directory: database, certificates, keys."""
    host: tuple[str, ...] = ()
    """Addresses HTTPS listens on; none means all."""
    https_port: Port = 8443
    media_port: Port = 8444
    """UDP and TCP; further workers take the numbers after it."""
    media_addresses: Annotated[tuple[str, ...], Meta(max_length=24)] = ()
    """Local addresses media arrives on; none means those that the machine has, as they come and go (not
    temporary nor link-local ones of IPv6)."""
    advertise: tuple[str, ...] = ()
    """Addresses told to browsers instead of the local ones, when this machine is behind a NAT."""
    workers: Annotated[int, Meta(ge=1, le=16)] = 1
    seat_grace_s: Annotated[int, Meta(ge=10, le=3600)] = 300
    """How long a seat is kept for someone whose connection dropped."""
    turn_urls: tuple[str, ...] = ()
    """Relays for networks that let only port 443 pass, like "turns:turn.example:443?transport=tcp"; see
    deploy/coturn/README.md."""
    turn_secret_file: str = ""
    """Holds the secret shared with the relay (coturn's static-auth-secret); not readable by others."""
    recording_reserve_mb: Annotated[int, Meta(ge=0, le=1 << 20)] = 2048
    """Disk space that recordings leave free; when it is reached, they end in order."""
    recording_segment_s: Annotated[int, Meta(ge=10, le=1800)] = 120
    """Length of a recording's files."""
    recording_may_swap: bool = False
    """Record even where memory may be swapped to disk in the clear. Better: no swap, or an encrypted one."""
    audit_head_copies: str = ""
    """Folder elsewhere (another machine's share) for a daily copy of the audit log's head; see
    docs/architecture/control.md."""
    audit_years: Annotated[int, Meta(ge=0, le=100)] = 10
    """How long the audit log's entries are kept; 0: for ever. The default is what Vietnamese hospitals keep
    ordinary patient records for."""
    certificate: str = ""
    """Certificate chain (PEM); empty: one from our own CA."""
    key: str = ""
    database: str = ""
    """SQLAlchemy URL; empty means SQLite in the state directory. PostgreSQL's begins with
    `postgresql+psycopg://` and needs the extra `postgres`."""
    centre: Name = ""
    """The health centre's name, for the head of every screen; empty leaves the one in the database."""
    trusted_proxies: Annotated[tuple[str, ...], Meta(max_length=32)] = ()
    """Reverse proxies in front of the pages: addresses, or networks like "10.1.0.0/24". They alone may name
    the client that they ask for; see docs/reverse-proxy.md."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def state_dir(self) -> Path:
        return Path(self.state).expanduser().absolute()

    @property
    def audit_head(self) -> Path:
        """The file with the audit log's newest head: beside the database, not in it."""
        return self.state_dir / "audit.head"

    @property
    def audit_key(self) -> Path:
        """The key that signs where the audit log was cut off."""
        return self.state_dir / "audit.key"

    @property
    def recordings(self) -> Path:
        return self.state_dir / "recordings"

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.state_dir / 'giaoban.sqlite3'}"


def load(
    file: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, object],
    *,
    cwd: Path,
    system: Path = SYSTEM_FILE,
) -> Config:
    """Read the settings. A `file` that was named must exist; giaoban.toml in `cwd`, or else the system's,
    need not.

    Errors: raises ConfigError.
    """
    values: dict[str, object] = {}
    found = (path for path in (cwd / CONFIG_FILE, system) if path.exists())
    source = file if file is not None else next(found, None)
    if source is not None:
        values |= _read_file(source)
    if environment.get(STATE_VARIABLE):
        values["state"] = environment[STATE_VARIABLE]
    values |= flags
    return build(values)


def build(values: Mapping[str, object]) -> Config:
    """Check plain values and build a Config. Raises ConfigError."""
    known = Config.__struct_fields__
    for key in values:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"Did you mean {close[0]}?" if close else f"Known settings: {', '.join(known)}."
            raise ConfigError(f"there is no setting {key!r}", hint)
    try:
        config = msgspec.convert(dict(values), Config)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"a setting has a wrong value: {_readable(str(error))}",
            "Correct it in giaoban.toml or on the line.",
        ) from None
    _check_together(config)
    return config


def _read_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror}", "Name an existing file with --config, or leave it out."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text", "Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}",
            'Settings are written like: https_port = 8443 or host = ["::1"].',
        ) from None


def _check_together(config: Config) -> None:
    if bool(config.certificate) != bool(config.key):
        raise ConfigError(
            "certificate and key belong together, only one of them is set",
            "Set both to use your own certificate, or neither to use the built-in CA.",
        )
    if config.media_port + config.workers - 1 > 65535:
        raise ConfigError(
            f"{config.workers} workers from media_port {config.media_port} on leave the range of ports",
            "Choose a smaller media_port.",
        )
    media_ports = range(config.media_port, config.media_port + config.workers)
    if config.https_port in media_ports:
        raise ConfigError(
            f"https_port and media_port are both {config.https_port}; both need the TCP port",
            "Give one of them another number.",
        )
    if bool(config.turn_urls) != bool(config.turn_secret_file):
        raise ConfigError(
            "turn_urls and turn_secret_file belong together, only one of them is set",
            "Set both to use a relay, or neither; deploy/coturn/README.md says how.",
        )
    for url in config.turn_urls:
        if not _TURN_URL.fullmatch(url):
            raise ConfigError(
                f"turn_urls: {url!r} is not the address of a relay",
                'Write them like "turns:turn.example:443?transport=tcp" or "turn:192.168.1.10:3478".',
            )
    for key in ("host", "media_addresses", "advertise"):
        for text in getattr(config, key):
            _check_address(key, text)
    for text in config.trusted_proxies:
        _check_proxy(text)


def _check_address(key: str, text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise ConfigError(
            f"{key}: {text!r} is not an IP address", "Write addresses like 192.168.1.10 or fd00::10."
        ) from None


def _check_proxy(text: str) -> None:
    try:
        everybody = ipaddress.ip_network(text, strict=False).prefixlen == 0
    except ValueError:
        raise ConfigError(
            f"trusted_proxies: {text!r} is neither an address nor a network",
            "Write them like 192.168.1.10 or 10.1.0.0/24.",
        ) from None
    if everybody:
        raise ConfigError(
            f"trusted_proxies: {text!r} is everybody",
            "Name the proxies alone: whoever is trusted may claim to be any address.",
        )


def _readable(message: str) -> str:
    """msgspec's "Expected `int`, got `str` - at `$.workers`", with the setting named first."""
    text, _, place = message.partition(" - at `$")
    place = place.strip("`.")
    return f"{place}: {text}" if place else text
