"""How durations and times of day are written, and dates computed, without reading a clock. Pure."""

DAY_MS = 86_400_000


def clock(ms: int) -> str:
    """A duration.

    >>> clock(312_000)
    '00:05:12'
    """
    seconds = max(0, ms) // 1000
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def time_of_day(unix_ms: int, offset_ms: int = 0) -> str:
    """The time of day where clocks are `offset_ms` ahead of UTC.

    >>> time_of_day(1_000_000, 7 * 3_600_000)
    '07:16:40'
    """
    return clock((unix_ms + offset_ms) % DAY_MS)


def civil(days: int) -> tuple[int, int, int]:
    """Year, month and day, from a number of days since 1970. Source: the Gregorian calendar repeats every 400
    years (146,097 days); counted from 1 March."""
    days += 719_468
    era, of_era = divmod(days, 146_097)
    years = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    from_march = (5 * of_year + 2) // 153
    day = of_year - (153 * from_march + 2) // 5 + 1
    month = from_march + 3 if from_march < 10 else from_march - 9
    return era * 400 + years + (month <= 2), month, day
