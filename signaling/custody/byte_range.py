"""Which octets of a file are asked for, so that a download that broke off goes on. Pure.

Source: RFC 9110, section 14.
"""

import re
from typing import NamedTuple

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


class BadRange(Exception):
    """There are no such octets."""


class Span(NamedTuple):
    """From `start` up to `end`, and not with it."""

    start: int
    end: int


def span_untrusted(header: str | None, length: int) -> Span:
    """The octets that a Range header names; all of them where it names none, several ranges, or makes no
    sense, which is what a server may do. Raises BadRange when they lie outside."""
    found = _RANGE.fullmatch((header or "").strip())
    if found is None or not any(found.groups()):
        return Span(0, length)
    first, last = found.groups()
    if not first:
        start, end = max(0, length - int(last)), length
    else:
        start, end = int(first), min(length, int(last) + 1 if last else length)
        if last and int(last) < int(first):
            return Span(0, length)
    if start >= end:
        raise BadRange(f"{header} of {length} octets")
    return Span(start, end)
