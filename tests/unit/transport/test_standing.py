"""Which addresses get sockets and which lose them, as they come and go."""

from hypothesis import given
from hypothesis import strategies as st

from sfu.transport.standing import GRACE_S, SiteChange, Standing

LAN, VPN = "192.0.2.1", "10.8.0.1"


def standing(*present: str, room: int = 8) -> Standing:
    """One with all these addresses open at second 0."""
    made = Standing(room)
    for address in made.note(present, 0.0).to_open:
        made.opened(address, 0.0)
    return made


def test_a_new_address_is_opened_and_told_in_the_machines_order() -> None:
    here = standing(LAN)
    assert here.note((VPN, LAN), 1.0) == SiteChange((VPN,), ())
    assert list(here.told) == [LAN]
    here.opened(VPN, 1.0)
    assert list(here.told) == [VPN, LAN]
    assert here.note((VPN, LAN), 2.0) == SiteChange((), ())


def test_an_address_that_could_not_be_opened_is_tried_again() -> None:
    here = standing(LAN)
    for second in range(3):
        assert here.note((LAN, VPN), second).to_open == (VPN,)
        assert here.told == (LAN,)


def test_an_address_that_has_gone_is_told_no_more_and_closed_after_a_while() -> None:
    here = standing(LAN, VPN)
    assert here.note((LAN,), 1.0) == SiteChange((), ())
    assert here.told == (LAN,)
    assert here.note((LAN,), GRACE_S - 0.1) == SiteChange((), ())
    assert here.note((LAN,), GRACE_S) == SiteChange((), (VPN,))
    assert here.note((LAN, VPN), GRACE_S + 1) == SiteChange((VPN,), ())


def test_an_address_that_is_back_soon_keeps_its_sockets() -> None:
    here = standing(LAN, VPN)
    here.note((), 5.0)
    assert here.note((LAN, VPN), 9.0) == SiteChange((), ())
    assert here.told == (LAN, VPN)
    assert here.note((), 9.0 + GRACE_S - 0.1) == SiteChange((), ())


def test_where_there_is_no_room_those_that_went_first_make_way() -> None:
    here = standing("a", "b", "c", room=3)
    here.note(("b", "c"), 1.0)
    here.note(("c",), 2.0)
    assert here.note(("c", "d"), 3.0) == SiteChange(("d",), ("a",))
    here.opened("d", 3.0)
    assert here.note(("c", "d", "e", "f"), 4.0) == SiteChange(("e",), ("b",))


@given(st.lists(st.tuples(st.lists(st.sampled_from("abcdefgh"), unique=True), st.floats(0, 20)), max_size=30))
def test_there_are_never_more_sockets_than_room_and_none_is_opened_twice(
    steps: list[tuple[list[str], float]],
) -> None:
    here, sockets, now = Standing(4), set[str](), 0.0
    for present, later in steps:
        now += later
        change = here.note(present, now)
        assert set(change.to_close) <= sockets - set(present)
        sockets -= set(change.to_close)
        assert not set(change.to_open) & sockets
        for address in change.to_open:
            here.opened(address, now)
            sockets.add(address)
        assert len(sockets) <= 4
        assert set(here.told) == sockets & set(present)
