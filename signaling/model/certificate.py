"""What browsers are shown to prove this server, and how long it lasts. Pure."""

from dataclasses import dataclass
from enum import StrEnum

DAY_MS = 86_400_000
WARN_MS = 21 * DAY_MS
"""Our own certificate is renewed before, 30 days early: this warns of renewals that fail, and of certificates
from elsewhere."""
AUTHORITY_WARN_MS = 365 * DAY_MS
"""Every device must install the next one's certificate by hand."""


class Standing(StrEnum):
    """Whether a certificate is good now."""

    OK = "ok"
    ENDS_SOON = "ends-soon"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"


@dataclass(frozen=True, slots=True)
class Validity:
    """Units: Unix milliseconds."""

    begins_ms: int
    ends_ms: int

    def standing(self, now_ms: int, warn_ms: int = WARN_MS) -> Standing:
        if now_ms < self.begins_ms:
            return Standing.NOT_YET_VALID
        if now_ms >= self.ends_ms:
            return Standing.EXPIRED
        return Standing.ENDS_SOON if self.ends_ms - now_ms <= warn_ms else Standing.OK


@dataclass(frozen=True, slots=True)
class OwnAuthority:
    """Our own CA, which devices install."""

    pem: bytes
    """What GET /ca.crt gives."""
    fingerprint: str
    """SHA-256 in hex: what a device shows when it is installed."""
    validity: Validity


@dataclass(frozen=True, slots=True)
class ServedCertificate:
    """What new connections get."""

    validity: Validity
    authority: OwnAuthority | None
    """None: the certificate comes from elsewhere."""


@dataclass(frozen=True, slots=True)
class CertificateStanding:
    """Both certificates as they are at one moment."""

    server: Standing
    authority: Standing | None


def standing(served: ServedCertificate, now_ms: int) -> CertificateStanding:
    """Whether the certificate, and the authority behind it, are good now."""
    own = served.authority
    authority = None if own is None else own.validity.standing(now_ms, AUTHORITY_WARN_MS)
    return CertificateStanding(served.validity.standing(now_ms), authority)
