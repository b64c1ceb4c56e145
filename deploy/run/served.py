"""The certificate that new connections get. It follows its files while the server runs."""

import asyncio
import logging
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from deploy.problem import CertificateError
from deploy.run.pem import read_certificates, read_key, require_fit
from deploy.run.pki import CertificateFiles, ssl_context
from signaling.model.certificate import OwnAuthority, ServedCertificate, Validity
from signaling.surroundings import last_day

LOOK_S = 2.0

log = logging.getLogger("giaoban.certificate")

_Stamp = tuple[tuple[int, int, int] | None, ...]


class Served:
    """Raises CertificateError when it is made with files that cannot be used. Later such files are logged
    once and tried again, and the certificate before them stays."""

    def __init__(self, files: CertificateFiles) -> None:
        self._files = files
        self._stamp = self._stamped()
        self.context, self.certificate = self._loaded()
        self._latest = self.context
        self._complained = False
        # The context that the server listens with is never changed: a pair that does not fit would break it.
        # Each handshake goes on in the latest one.
        self.context.sni_callback = self._choose

    def look(self) -> None:
        """Take the files up if they have changed."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return
        try:
            context, certificate = self._loaded()
            if stamp != self._stamped():
                return  # they are being written: the next look has all of them
        except CertificateError as error:
            if not self._complained:
                self._complained = True
                log.error("certificate-not-taken why=%r", error.text)
            return
        self._stamp, self._latest, self.certificate = stamp, context, certificate
        self._complained = False
        log.info("certificate-taken ends=%s", last_day(certificate.validity))

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await asyncio.to_thread(self.look)

    def _choose(self, handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        handshake.context = self._latest

    def _loaded(self) -> tuple[ssl.SSLContext, ServedCertificate]:
        files = self._files
        leaf = read_certificates(files.chain)[0]
        require_fit(leaf, read_key(files.key), files.chain, files.key)
        authority = None if files.ca is None else _authority(files.ca)
        return ssl_context(files), ServedCertificate(_validity(leaf), authority)

    def _stamped(self) -> _Stamp:
        paths = (self._files.chain, self._files.key, self._files.ca)
        return tuple(_stamp(path) for path in paths if path is not None)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Changes whenever the file is written or replaced, a link to it included."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _authority(path: Path) -> OwnAuthority:
    certificate = read_certificates(path)[0]
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    return OwnAuthority(pem, certificate.fingerprint(hashes.SHA256()).hex(), _validity(certificate))


def _validity(certificate: x509.Certificate) -> Validity:
    times = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    return Validity(*(round(time.timestamp() * 1000) for time in times))
