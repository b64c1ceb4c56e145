"""The database at start: brought up to date, and on the first run filled with units, accounts, a meeting."""

from dataclasses import dataclass

from deploy.config import Config


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that was just made; its password is known only here."""

    role: str
    login: str
    password: str


@dataclass(frozen=True, slots=True)
class FirstRun:
    """What stands ready."""

    meeting: str
    """Code of the standing meeting."""
    accounts: tuple[NewAccount, ...]
    """Empty when it is not the first run."""


def prepare_database(config: Config) -> FirstRun:
    """Raises StateError when the database cannot be used."""
    return FirstRun("", ())
