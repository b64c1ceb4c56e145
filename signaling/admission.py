"""The rules of a Knock: nobody is let in without a unit and a name (the regulation, article on sign-in)."""

import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from signaling.messages import Knock, Why
from signaling.records import Account, Unit

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories that a name cannot need; among them the marks that turn the direction of the text around it."""


class Caller(NamedTuple):
    """Who a Knock says is there."""

    unit: str
    name: str
    present: int | None
    total: int | None


def one_line(text: str) -> str:
    """The text as it is shown: composed, visible characters only, single spaces. May be empty."""
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(" " if c.isspace() else c for c in composed if c.isspace() or _seen(c))
    return " ".join(visible.split())


def _seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN


def caller(knock: Knock, account: Account, units: Mapping[str, Unit]) -> Caller | Why:
    """Who knocks, or why the knock is refused at once.

    The unit chosen on the screen wins over the account's own, since a substitute may sit at another point;
    the operator is shown that it was not expected.
    """
    unit = knock.unit if knock.unit is not None else account.unit
    if unit is None or unit not in units:
        return Why.UNIT_MISSING
    name = one_line(knock.name)
    if not any(c.isalpha() for c in name):
        return Why.NAME_MISSING
    if knock.present is not None and knock.total is not None and knock.present > knock.total:
        return Why.BAD_HEADCOUNT
    return Caller(unit, name, knock.present, knock.total)
