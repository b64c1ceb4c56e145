"""Offers that are nearly valid: more lines, other directions, duplicate names. Each must be refused."""

import random
from collections.abc import Iterator

from tests.support.offer import our_offer


def lying_offers(rng: random.Random) -> Iterator[tuple[str, str]]:
    """(what is wrong, offer): one of each kind of lie is enough."""
    offer = our_offer(red=True)
    lines = offer.count("m=")
    sections = offer.split("m=")
    line = rng.randrange(3, lines)
    mids = "a=group:BUNDLE " + " ".join(map(str, range(lines)))

    def changed(at: int, old: str, new: str) -> str:
        return "m=".join([*sections[: at + 1], sections[at + 1].replace(old, new), *sections[at + 2 :]])

    extra = sections[1].replace("a=mid:0", f"a=mid:{lines}")
    many = [section.replace("a=mid:5", f"a=mid:{lines + n}") for n, section in enumerate([sections[6]] * 20)]
    wider = offer.replace(mids, mids + "".join(f" {lines + n}" for n in range(20)))
    yield "a second microphone", offer.replace(mids, f"{mids} {lines}") + "m=" + extra
    yield "twenty more lines", wider + "m=" + "m=".join(many)
    yield "a slot that sends", changed(line, "a=recvonly", "a=sendonly")
    yield "a slot that sends too", changed(line, "a=recvonly", "a=sendrecv")
    yield "a microphone that receives", changed(0, "a=sendonly", "a=recvonly")
    yield "a microphone both ways", changed(0, "a=sendonly", "a=sendrecv")
    yield "a line's name twice", changed(rng.randrange(1, 3), "a=mid:", "a=mid:0")
    yield "the microphone's name on the camera", changed(1, "a=mid:1", "a=mid:0")
    yield "camera and microphone exchanged", "m=".join([sections[0], sections[2], sections[1], *sections[3:]])
    yield "a line outside the bundle", offer.replace(mids, mids.rsplit(" ", 1)[0])
    yield "two bundles", offer.replace(mids, mids + "\r\na=group:BUNDLE 0 1")
    yield (
        "simulcast of a microphone",
        changed(0, "a=sendonly", "a=sendonly\r\na=rid:x send\r\na=rid:y send\r\na=simulcast:send x;y"),
    )
    yield "a name of a layer twice", offer.replace("a=simulcast:send q;h;f", "a=simulcast:send q;q;f")
    yield "one extension with two meanings", changed(0, "a=extmap:1 ", "a=extmap:5 ")
    yield "no pictures at all", "m=".join(sections[:2])
