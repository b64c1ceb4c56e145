"""The packet path itself: functions compiled by numba over numpy tables, and what they call."""
