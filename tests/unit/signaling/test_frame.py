"""A message is encoded once and compressed once, and every browser can read it."""

import zlib

from signaling.protocol import Frame, Pong, Roster, decode_server
from signaling.protocol.frame import MAX_WINDOW_BITS, MIN_WINDOW_BITS
from tests.support.control_room import Scene, account

TAIL = b"\x00\x00\xff\xff"


def roster(people: int) -> Roster:
    scene = Scene()
    sessions = [scene.inside(account(f"d{n}"), "nhi") for n in range(people)]
    return scene.last(sessions[-1], Roster)


def test_all_get_the_same_bytes() -> None:
    frame = Frame(roster(20))
    assert frame.plain is frame.plain
    assert frame.deflated(MAX_WINDOW_BITS) is frame.deflated(MAX_WINDOW_BITS)


def test_a_page_that_keeps_what_came_before_reads_it_and_so_does_one_that_does_not() -> None:
    """RFC 7692, 7.2.2: inflating with a window that goes on over messages."""
    message = roster(20)
    frame = Frame(message)
    for bits in range(MIN_WINDOW_BITS, MAX_WINDOW_BITS + 1):
        deflated = frame.deflated(bits)
        assert deflated is not None
        assert len(deflated) < len(frame.plain) / 2
        goes_on = zlib.decompressobj(wbits=-bits)
        for inflate in (goes_on, goes_on, zlib.decompressobj(wbits=-bits)):
            assert decode_server(inflate.decompress(deflated + TAIL)) == message


def test_what_is_small_or_for_nobody_who_can_read_it_stays_as_it_is() -> None:
    assert Frame(Pong(1)).deflated(MAX_WINDOW_BITS) is None
    assert Frame(roster(20)).deflated(0) is None
