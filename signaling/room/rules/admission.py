"""The rules of a Knock: nobody is let in without a unit and a name. Pure.

Source: the regulation, article on sign-in.
"""

from collections.abc import Mapping
from typing import NamedTuple

from signaling.model.meeting import Account
from signaling.model.role_names import is_role_name
from signaling.model.text import has_name, one_line
from signaling.model.units import Unit
from signaling.model.words import UnitKind, Why
from signaling.protocol import Knock
from signaling.room.state.seat import STAFF


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
    if not has_name(name):
        return Why.NAME_MISSING
    if is_role_name(name) and not _presides(account, units):
        return Why.NAME_IS_A_ROLE
    if knock.present is not None and knock.total is not None and knock.present > knock.total:
        return Why.BAD_HEADCOUNT
    return Caller(unit, name, knock.present, knock.total)


def _presides(account: Account, units: Mapping[str, Unit]) -> bool:
    """Chairs, operators and the board may be called by their office."""
    own = units.get(account.unit or "")
    return account.role in STAFF or (own is not None and own.kind is UnitKind.BOARD)
