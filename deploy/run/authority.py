"""Our own certificate authority, whose certificate is installed on each device once.

One that is not valid now, or is in its last days, is put aside and another takes its place. Of those that
are valid now the one signs that has done so on the most days: devices know it best. So a clock that was wrong
for a while costs no device its trust.

Shapes: ca.crt and ca.key are the ones in use; authorities/ holds those that were put aside, and NAME.days: on
how many days one has signed, and the last of them.
"""

import datetime
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.problem import CertificateError
from deploy.run.pem import key_pem, read_certificates, read_key, require_fit, write_private

CA_DAYS = 3652
RENEW_DAYS = 30
"""A certificate with less than this to live is replaced, the authority's and the server's."""
CLOCK_SINCE = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
"""The right time is never before this program was written. A clock that says so judges no certificate: what
is there is kept, and what must be made is made as if it were this day."""
_BACKDATE = datetime.timedelta(days=2)
"""Devices whose clocks are behind, and our own clock when it is ahead by a time zone, must do no harm."""
_SHELF = "authorities"


class Why(StrEnum):
    """Why another authority signs from now on."""

    FIRST = "first"
    INCOMPLETE = "files-missing"
    EXPIRED = "expired"
    LAST_DAYS = "last-days"
    NOT_YET_VALID = "not-yet-valid"
    KNOWN_BETTER = "known-better"
    """The clock was wrong for a while, and is right again."""


@dataclass(frozen=True, slots=True)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    changed: Why | None = None
    """It signs since this moment, and why; None: it did so before."""
    returned: bool = False
    """It was put aside before: devices know it already."""

    @property
    def name(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()[:16]


def standing_authority(directory: Path, now: datetime.datetime) -> Authority:
    """The authority that signs now; made, or taken back, when the present one cannot.

    Errors: raises CertificateError when a file cannot be read; OSError from writing.
    """
    crt, key = directory / "ca.crt", directory / "ca.key"
    shelf = directory / _SHELF
    present, why = _present(crt, key, shelf)
    if present is not None:
        why = _trouble(present.certificate, now)
    good = [one for one in (*_shelved(shelf), present) if one and _trouble(one.certificate, now) is None]
    standing = max(good, key=lambda one: (_days(shelf, one)[0], one is present), default=None)
    if standing is None:
        standing = replace(_made(max(now, CLOCK_SINCE)), changed=why)
    elif present is None or standing.name != present.name:
        standing = replace(standing, changed=why or Why.KNOWN_BETTER, returned=True)
    if standing.changed is not None:
        for one in filter(None, (present, standing)):
            _put_aside(shelf, one)
        _use(standing, crt, key)
    if is_believable(now):
        _count_day(shelf, standing, now)
    return standing


def _present(crt: Path, key: Path, shelf: Path) -> tuple[Authority | None, Why | None]:
    """The authority in the two files; or none, and why."""
    if not crt.exists() and not key.exists():
        return None, Why.INCOMPLETE if _shelved(shelf) else Why.FIRST
    if not crt.exists() or not key.exists():
        return None, Why.INCOMPLETE
    try:
        return _read(crt, key), None
    except CertificateError:
        # The power may have failed between the two files; a copy of the pair was written before.
        if not _shelved(shelf):
            raise
        return None, Why.INCOMPLETE


def is_believable(now: datetime.datetime) -> bool:
    """Whether a clock that says this may be right."""
    return now >= CLOCK_SINCE


def _trouble(certificate: x509.Certificate, now: datetime.datetime) -> Why | None:
    if not is_believable(now):
        return None
    if certificate.not_valid_before_utc > now:
        return Why.NOT_YET_VALID
    if certificate.not_valid_after_utc <= now:
        return Why.EXPIRED
    left = certificate.not_valid_after_utc - now
    return Why.LAST_DAYS if left <= datetime.timedelta(days=RENEW_DAYS) else None


def _made(now: datetime.datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    # The year and four random digits tell two installations' authorities apart in a phone's list.
    serial = x509.random_serial_number()
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"Giao ban CA {now.year}-{serial % 10_000:04}")]
    )
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(serial)
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + datetime.timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def _read(crt: Path, key_file: Path) -> Authority:
    certificate, key = read_certificates(crt)[0], read_key(key_file)
    require_fit(certificate, key, crt, key_file)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError(
            f"the key {key_file} is of a kind that this program does not make",
            "Restore ca.crt and ca.key from a backup, or set certificate and key to use your own.",
        )
    return Authority(certificate, key)


def _use(authority: Authority, crt: Path, key: Path) -> None:
    write_private(key, key_pem(authority.key))
    write_private(crt, authority.certificate.public_bytes(serialization.Encoding.PEM))


def _put_aside(shelf: Path, authority: Authority) -> None:
    """Keep a copy. There is one for each ten years, and one for each time the clock was wrong."""
    shelf.mkdir(mode=0o700, exist_ok=True)
    if not (shelf / f"{authority.name}.crt").exists():
        _use(authority, shelf / f"{authority.name}.crt", shelf / f"{authority.name}.key")


def _shelved(shelf: Path) -> list[Authority]:
    """Those that can be read; of half a copy another is made when it is needed."""
    found = []
    for crt in shelf.glob("*.crt"):
        with suppress(CertificateError):
            found.append(_read(crt, crt.with_suffix(".key")))
    return found


def _days(shelf: Path, authority: Authority) -> tuple[int, str]:
    """On how many days it has signed, and the last one of them."""
    try:
        count, _, last = (shelf / f"{authority.name}.days").read_text(encoding="ascii").strip().partition(" ")
        return int(count), last
    except (OSError, ValueError):
        return 0, ""


def _count_day(shelf: Path, authority: Authority, now: datetime.datetime) -> None:
    count, last = _days(shelf, authority)
    today = f"{now:%Y-%m-%d}"
    if today != last:
        shelf.mkdir(mode=0o700, exist_ok=True)
        write_private(shelf / f"{authority.name}.days", f"{count + 1} {today}\n".encode("ascii"))


def usage(*, ca: bool) -> x509.KeyUsage:
    """What a key may be used for: the authority's to sign certificates, the server's to sign handshakes."""
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
