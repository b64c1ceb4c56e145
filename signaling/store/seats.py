"""The one codec between a KeptSeat and its row: each field under its own name, unless told here. Pure."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row

from sfu import GateReason, Source
from signaling.model.ids import ParticipantId
from signaling.model.meeting import Account
from signaling.model.seat import Gates, KeptSeat, TalkLine
from signaling.model.words import Role, SeatState

_talk: msgspec.json.Decoder[tuple[TalkLine, ...]] = msgspec.json.Decoder(tuple[TalkLine, ...])


def _talk_of(document: str) -> tuple[TalkLine, ...]:
    """Damaged lines of a lobby conversation must not keep a meeting from its seats."""
    try:
        return _talk.decode(document)
    except (msgspec.DecodeError, RecursionError):
        return ()


class Codec(NamedTuple):
    write: Callable[[Any], object] = lambda value: value
    read: Callable[[Any], Any] = lambda stored: stored


_COLUMN = {"id": "participant", "unit": "unit_id"}
"""Fields whose column has another name."""
_CODECS = {
    "id": Codec(read=ParticipantId),
    "state": Codec(lambda state: state.value, SeatState),
    "unit": Codec(lambda unit: unit or None, lambda unit: unit or ""),
    "acting": Codec(
        lambda role: None if role is None else role.value, lambda role: None if role is None else Role(role)
    ),
    "talk": Codec(lambda talk: msgspec.json.encode(talk).decode(), _talk_of),
}
"""Fields whose stored form is another than their own."""
_APART = frozenset({"account", "gates"})
"""The account is part of the row's key; the gates have a column for each source."""
_FIELDS = tuple(
    (each.name, _COLUMN.get(each.name, each.name), _CODECS.get(each.name, Codec()))
    for each in fields(KeptSeat)
    if each.name not in _APART
)


def columns_of(seat: KeptSeat) -> dict[str, object]:
    """What is written into the row, its key aside. Cannot fail."""
    values = {column: codec.write(getattr(seat, name)) for name, column, codec in _FIELDS}
    return values | {f"{source.value}_gate": int(gate) for source, gate in seat.gates.every().items()}


def seat_of(row: Row[Any], account: Account) -> KeptSeat:
    """The seat in a row that holds all columns of the table."""
    stored = row._mapping
    gates = {source.value: GateReason(stored[f"{source.value}_gate"]) for source in Source}
    values = {name: codec.read(stored[column]) for name, column, codec in _FIELDS}
    return KeptSeat(account=account, gates=Gates(**gates), **values)
