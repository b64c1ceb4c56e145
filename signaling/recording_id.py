"""What a recording is called: the name of its folder, too. Pure."""

from zlib import crc32

from recorder import RecordingId


def new_id(code: str, unix_ms: int, mark: str) -> RecordingId:
    """When (UTC), of which meeting, and four digits of `mark`: no two begin in one second of one clock, but
    clocks are set back."""
    days, seconds = divmod(unix_ms // 1000, 86_400)
    year, month, day = _date(days)
    time = f"{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"
    of = "".join(letter if letter.isalnum() else "-" for letter in code.lower())
    return RecordingId(f"{year:04}{month:02}{day:02}-{time}-{of[:40]}-{crc32(mark.encode()) & 0xFFFF:04x}")


def _date(days: int) -> tuple[int, int, int]:
    """Year, month, day of so many days after 1970-01-01. Years begin in March here, so that the leap day is
    their last. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days."""
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return era * 400 + year + (month <= 2), month, day
