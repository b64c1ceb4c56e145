"""NTP instants as RTCP carries them: 64 bits, seconds since 1900 and their fraction."""

UNIX_EPOCH_S = 2_208_988_800
"""1970 in NTP seconds."""


def ntp_from_unix(unix_s: float) -> int:
    """Wall clock seconds to a 64-bit NTP instant (it wraps in 2036, as everywhere)."""
    whole = int(unix_s // 1)
    return ((whole + UNIX_EPOCH_S) & 0xFFFF_FFFF) << 32 | int((unix_s - whole) * (1 << 32))


def unix_from_ntp(ntp: int) -> float:
    """The inverse of ntp_from_unix, for instants before 2036."""
    return (ntp >> 32) - UNIX_EPOCH_S + (ntp & 0xFFFF_FFFF) / (1 << 32)


def middle(ntp: int) -> int:
    """The middle 32 bits, as LSR and DLSR count: units of 1/65536 s."""
    return (ntp >> 16) & 0xFFFF_FFFF
