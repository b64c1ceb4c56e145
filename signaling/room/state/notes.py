"""Entries for the audit log, in one form: what happened, who did it, to whom. Pure."""

from signaling.room.state.effects import Note
from signaling.room.state.seat import Seat


def note(
    event: str, by: Seat | None, of: Seat | None = None, *words: tuple[str, str], **fields: str | int
) -> Note:
    """by: the person who did it; None: the server itself. of: the person concerned, if any. words: what
    people typed; empty ones are left out."""
    whom = (("account", of.account.id), ("participant", of.id)) if of is not None else ()
    return Note(
        event,
        (*whom, *fields.items()),
        actor=None if by is None else by.account.id,
        address="" if by is None else by.address,
        words=tuple((key, text) for key, text in words if text),
    )
