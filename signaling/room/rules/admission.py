"""The rules of a Knock: nobody is let in without a unit and a name. Pure.

Source: the regulation, article on sign-in.
"""

from collections.abc import Mapping
from typing import NamedTuple

from signaling.model.meeting import Account
from signaling.model.text import one_line
from signaling.model.units import Unit
from signaling.model.words import Why
from signaling.protocol import Knock


class Caller(NamedTuple):
    """The person a Knock announces."""

    unit: str
    name: str
    present: int | None
    total: int | None


def caller(knock: Knock, account: Account, units: Mapping[str, Unit]) -> Caller | Why:
    """The person who knocks, or why the knock is refused at once.

    The unit chosen on the screen wins over the account's own, because a substitute may sit at another point.
    The operator sees that it was not expected.
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
