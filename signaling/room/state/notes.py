"""What the audit log is told, in one form: what happened, who did it, to whom."""

from signaling.room.state.effects import Note
from signaling.room.state.seat import Seat


def note(
    event: str, by: Seat | None, of: Seat | None = None, *words: tuple[str, str], **fields: str | int
) -> Note:
    """by: whoever did it, None for the server itself. of: whom it concerns, if that is somebody. words: what
    people typed; empty ones are left out."""
    whom = (("account", of.account.id), ("participant", of.id)) if of is not None else ()
    return Note(
        event,
        (*whom, *fields.items()),
        actor=None if by is None else by.account.id,
        address="" if by is None else by.address,
        words=tuple((key, text) for key, text in words if text),
    )
