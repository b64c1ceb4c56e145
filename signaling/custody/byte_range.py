"""The byte range that a download asks for, so that one that broke off can be resumed. Pure.

Source: RFC 9110, section 14.
"""

import re
from typing import NamedTuple

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


class BadRange(Exception):
    """The range lies outside the file."""


class Span(NamedTuple):
    """From `start` up to, but not including, `end`."""

    start: int
    end: int


def span_untrusted(header: str | None, length: int) -> Span:
    """The bytes that a Range header names. All of them if it names none or several ranges, or makes no sense,
    as a server may do. Raises BadRange if they lie outside."""
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
        raise BadRange(f"{header} of {length} bytes")
    return Span(start, end)
