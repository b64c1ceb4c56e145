"""Which of the machine's addresses people may reach it at, and in which order. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sfu.addresses.netlink import DAD_FAILED, DEPRECATED, OPTIMISTIC, TEMPORARY, TENTATIVE, CardAddress

MAX_ADDRESSES = 24
"""Each costs two sockets and two candidates in every answer."""
MAX_OF_A_CARD = 8
"""Prefixes that somebody announces on one network (RFC 4862) must not crowd out the addresses of another."""


@dataclass(frozen=True, slots=True)
class Found:
    usable: tuple[str, ...] = ()
    """The best first, loopback last."""
    waiting: tuple[str, ...] = ()
    """The machine has them, but may not use them: the check for a duplicate runs, or found one."""
    left_out: int = 0
    """Usable ones above the bounds."""


def choose(addresses: Iterable[CardAddress]) -> Found:
    """What a machine with these addresses can be reached at.

    Left out are link-local addresses of IPv6, which no page can name; those of IPv4, unless their card has
    nothing else (two machines on one cable); and the temporary ones of IPv6 (RFC 8981): they hide a machine
    that calls others, while this one is called. Each of them would be in the certificate for a day.

    Cards are taken in the order in which they came, so that bridges and tunnels follow the cards of the
    machine. A deprecated address is taken last, but taken: calls over it go on, and addresses that move
    between two servers are marked so on purpose.
    """
    everything = list(addresses)
    cards_with_ipv4 = {a.card for a in everything if a.ip.version == 4 and not a.ip.is_link_local}
    candidates = [a for a in everything if not _is_left_out(a, cards_with_ipv4)]
    ready = sorted((a for a in candidates if _is_ready(a)), key=_rank)
    chosen: list[CardAddress] = []
    of_card: Counter[int] = Counter()
    known: set[str] = set()
    for address in ready:
        if str(address.ip) in known:
            continue
        known.add(str(address.ip))
        if of_card[address.card] < MAX_OF_A_CARD:
            of_card[address.card] += 1
            chosen.append(address)
    # Loopback stays whatever the bound: a browser on this machine may have no other way.
    loopback = [str(a.ip) for a in chosen if a.ip.is_loopback][:MAX_OF_A_CARD]
    others = [str(a.ip) for a in chosen if not a.ip.is_loopback][: MAX_ADDRESSES - len(loopback)]
    waiting = {str(a.ip) for a in candidates if not _is_ready(a)} - known
    return Found((*others, *loopback), tuple(sorted(waiting)), len(known) - len(others) - len(loopback))


def _is_left_out(address: CardAddress, cards_with_ipv4: set[int]) -> bool:
    if address.ip.version == 4:
        return address.ip.is_link_local and address.card in cards_with_ipv4
    return address.ip.is_link_local or bool(address.flags & TEMPORARY)


def _is_ready(address: CardAddress) -> bool:
    checked = not address.flags & TENTATIVE or address.flags & OPTIMISTIC
    return bool(checked) and not address.flags & DAD_FAILED


def _rank(address: CardAddress) -> tuple[bool, bool, bool, int, int]:
    ip = address.ip
    return (
        ip.is_loopback,
        ip.is_link_local,
        bool(address.flags & DEPRECATED),
        address.card,
        ip.version,
    )
