"""The appliance's certificate: made ready for the start, then renewed while the appliance runs."""

import asyncio
import contextlib
import datetime
import logging
from pathlib import Path

from rich.console import Console

from deploy.config import Config
from deploy.problem import Problem, StateError
from deploy.run import addresses
from deploy.run.announce import tell_authority, warn
from deploy.run.authority import Why
from deploy.run.pki import CertificateFiles, Issued, dates_complaint, foreign_certificate, own_certificate

EVERY_S = 60.0
"""The machine's name and the clock are looked at as often; its addresses when they change."""

log = logging.getLogger("giaoban.certificate")


def certificate(config: Config, console: Console) -> CertificateFiles:
    """The certificate for HTTPS: from the settings, else our own, issued when needed.

    Errors: raises CertificateError, StateError.
    """
    if config.certificate:
        files = foreign_certificate(Path(config.certificate), Path(config.key))
        complaint = dates_complaint(files.chain, datetime.datetime.now(datetime.UTC))
        if complaint is not None:
            warn(console, f"{complaint.text}. {complaint.remedy}")
        return files
    issued = _issue(config)
    _tell(issued, config, console)
    return issued.files


async def keep_renewed(config: Config, console: Console, now: asyncio.Event) -> None:
    """Issue our own certificate again when that is due, until cancelled. `now`: look at once."""

    async def moved(_: tuple[str, ...]) -> None:
        now.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(addresses.follow_addresses(moved), name="addresses")
        await _renew(config, console, now)


async def _renew(config: Config, console: Console, now: asyncio.Event) -> None:
    complained = ""
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(now.wait(), EVERY_S)
        now.clear()
        try:
            issued = await asyncio.to_thread(_issue, config)
        except Problem as problem:
            if problem.text != complained:
                log.error("certificate-not-renewed why=%r", problem.text)
            complained = problem.text
        else:
            complained = ""
            _tell(issued, config, console)


def _issue(config: Config) -> Issued:
    names = ("localhost", addresses.host_name(), *config.advertise, *addresses.local_addresses(loopback=True))
    directory = config.state_dir / "pki"
    try:
        return own_certificate(directory, names, datetime.datetime.now(datetime.UTC))
    except OSError as error:
        raise StateError(
            f"cannot write {directory}: {error.strerror}", "Free space, and let this user write there."
        ) from None


def _tell(issued: Issued, config: Config, console: Console) -> None:
    """Say what changed: each device needs a new authority's certificate."""
    if issued.authority.changed is not None:
        log.log(
            logging.INFO if issued.authority.changed is Why.FIRST else logging.WARNING,
            "authority-changed why=%s ends=%s known=%s",
            issued.authority.changed.value,
            f"{issued.authority.certificate.not_valid_after_utc:%Y-%m-%d}",
            str(issued.authority.returned).lower(),
        )
        tell_authority(console, issued.authority, config.state_dir / "pki" / "ca.crt")
    if issued.is_new:
        log.info(
            "certificate-issued ends=%s shortened=%s",
            f"{issued.ends:%Y-%m-%d}",
            str(issued.is_shortened).lower(),
        )
