"""Bytes from anybody: whatever comes, nothing raises, nothing wrong is sent, and everything is counted."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sfu.fastpath import HandUpKind, MediaKind
from tests.support.examples import examples
from tests.support.fastpath_stage import LEVEL, PT, RTX_PT, TWCC, Publisher, Stage, rtp, vp8


def everything_open(stage: Stage) -> tuple[Publisher, Publisher]:
    """A picture and a sound that somebody gets, both already begun."""
    picture, sound = stage.publisher(layers=2), stage.publisher(MediaKind.AUDIO)
    viewer = stage.viewer()
    stage.fastpath.switch(viewer.open_slot(), picture.layers[0])
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO, level=7), sound.layers[0])
    picture.send(rtp(1000, 500, vp8(key=True)))
    sound.send(rtp(1000, 500))
    assert len(stage.seen()) == 2
    return picture, sound


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=80), min_size=1, max_size=5))
def test_any_bytes_from_a_known_address_are_harmless(datagrams: list[bytes]) -> None:
    stage = Stage()
    picture, _ = everything_open(stage)
    before = stage.count("datagrams")
    ups = stage.fastpath.ingest(picture.transport, datagrams, 0)
    assert stage.seen() == []
    assert stage.count("faults") == 0
    assert stage.count("datagrams") - before == len(datagrams)
    dropped = sum(
        stage.count(name)
        for name in ("malformed", "bad_auth", "strangers_dropped", "unknown_address", "unknown_ufrag")
    )
    assert dropped + len(ups) == len(datagrams)


@st.composite
def plain_packets(draw: st.DrawFn) -> bytes:
    """RTP that is authentic and yet nonsense: every length in it may be false."""
    head = bytes([draw(st.sampled_from([0x80, 0x90, 0xA0, 0xB0, 0x8F, 0x9F, 0xBF, 0x40, 0x91]))])
    head += bytes([draw(st.integers(0, 255))]) + draw(st.integers(490, 520)).to_bytes(2, "big")
    head += draw(st.binary(min_size=4, max_size=4))
    head += draw(st.sampled_from([1000, 1001, 2000, 2001])).to_bytes(4, "big")
    profile = draw(st.sampled_from([b"\xbe\xde", b"\x10\x00", b"\x10\x05", b"\x00\x00"]))
    block = profile + draw(st.integers(0, 6)).to_bytes(2, "big") if head[0] & 0x10 else b""
    tail = st.one_of(
        st.binary(max_size=60),
        st.builds(bytes.__add__, st.just(bytes([LEVEL << 4, 9, TWCC << 4 | 1])), st.binary(max_size=30)),
        st.builds(
            bytes.__add__, st.sampled_from([b"\x90\xf0\x80", b"\x10", b"\x80\xff\xff"]), st.binary(max_size=9)
        ),
    )
    return head + block + draw(tail)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(plain_packets(), min_size=1, max_size=6))
def test_authentic_nonsense_is_harmless_too(packets: list[bytes]) -> None:
    stage = Stage()
    picture, sound = everything_open(stage)
    for packet in packets:
        stage.fastpath.inject(picture.transport, packet, 0)
        stage.fastpath.inject(sound.transport, packet, 0)
    assert stage.count("faults") == 0
    seen = stage.seen()
    assert len({(packet.ssrc, packet.seq) for packet in seen}) == len(seen)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60), st.integers(1, 255))
def test_a_changed_byte_is_not_authentic(place: int, change: int) -> None:
    stage = Stage()
    picture, _ = everything_open(stage)
    (datagram,) = picture.protect(rtp(1000, 501, vp8(body=bytes(30))))
    broken = bytearray(datagram)
    broken[place % len(broken)] ^= change
    stage.fastpath.ingest(picture.transport, [bytes(broken)], 0)
    assert stage.seen() == []
    stage.fastpath.ingest(picture.transport, [datagram], 0)
    assert len(stage.seen()) == 1


def test_a_replayed_datagram_is_dropped() -> None:
    stage = Stage()
    picture, _ = everything_open(stage)
    (datagram,) = picture.protect(rtp(1000, 501, vp8()))
    stage.fastpath.ingest(picture.transport, [datagram, datagram], 0)
    assert len(stage.seen()) == 1
    assert stage.count("replayed") == 1


def test_datagrams_that_are_too_long_or_empty_are_malformed() -> None:
    stage = Stage()
    picture, _ = everything_open(stage)
    stage.fastpath.ingest(picture.transport, [b"", bytes([0x80]) * 1501, bytes([0x80]) * 3000], 0)
    stage.fastpath.inject(picture.transport, b"short", 0)
    stage.fastpath.inject(picture.transport, bytes(5000), 0)
    assert stage.count("malformed") == 5


def test_only_binding_requests_are_handed_up_as_stun() -> None:
    stage = Stage()
    picture, _ = everything_open(stage)
    stage.fastpath.bind_ufrag(picture.transport, "feedcafe")
    good = bytes.fromhex("000100102112a442") + bytes(12) + b"\0\x06\0\x0bfeedcafe:xy\0"
    response, other_cookie = b"\x01\x01" + good[2:], good[:4] + b"\0\0\0\0" + good[8:]
    ups = stage.fastpath.ingest(picture.transport, [good, response, other_cookie, good + b"\0"], 0)
    assert [up.kind for up in ups] == [HandUpKind.STUN]


def test_a_stranger_is_handed_up_plain_and_forwarded_once_it_is_bound() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(), stage.viewer()
    stage.fastpath.switch(viewer.open_slot(), publisher.layers[0])
    stage.fastpath.unbind_ssrc(publisher.transport, 1000)
    packet = rtp(1000, 7, vp8(key=True), extensions=((4, b"0"), (10, b"q")))
    (up,) = publisher.send(packet)
    assert (up.kind, up.data) == (HandUpKind.STRANGER, packet)
    stage.fastpath.bind_ssrc(publisher.transport, 1000, publisher.layers[0])
    stage.fastpath.inject(publisher.transport, up.data, 0)
    publisher.send(rtp(1000, 8, vp8()))
    assert [seen.payload[5:] for seen in stage.seen()] == [vp8(key=True)[5:], vp8()[5:]]


def test_strangers_have_a_budget_of_packets_per_second() -> None:
    stage = Stage()
    publisher = stage.publisher()
    second = 1_000_000

    def flood(start: int, now: int) -> int:
        return len(publisher.send(*(rtp(9, seq) for seq in range(start, start + 100)), now=now))

    assert flood(0, 10 * second) == 64
    assert flood(100, 10 * second) == 0
    assert flood(200, 11 * second) == 64
    assert stage.count("strangers_dropped") == 172


def test_the_number_of_unbound_ssrcs_is_bounded() -> None:
    stage = Stage()
    publisher = stage.publisher()
    ups = 0
    for i in range(300):
        ups += len(publisher.send(rtp(10_000 + i, 1), now=i * 100_000))
    assert ups == 256
    assert len(publisher.send(rtp(10_005, 2), now=40_000_000)) == 1


def test_each_transport_has_its_own_budget_for_strangers() -> None:
    stage = Stage()
    hostile, honest = stage.publisher(), stage.publisher()
    hostile.send(*(rtp(9, seq) for seq in range(100)), now=1_000_000)
    assert len(honest.send(rtp(9, 1), now=1_000_000)) == 1


def test_a_voice_does_not_travel_on_an_open_cameras_line() -> None:
    stage = Stage()
    camera, viewer = stage.publisher(), stage.viewer()
    place = stage.fastpath.producers[camera.producer]
    place.pt, place.rtx_pt = PT, RTX_PT
    stage.fastpath.switch(viewer.open_slot(), camera.layers[0])
    camera.send(rtp(1000, 1, vp8(key=True)), rtp(1000, 2, b"voice", pt=111), rtp(1000, 3, vp8(picture=1)))
    camera.send(rtp(2000, 1, b"\0\2voice", pt=111), rtp(2000, 2, b"\0\2voice", pt=PT))
    assert [packet.payload for packet in stage.seen() if b"voice" in packet.payload] == []
    assert stage.count("foreign") == 3
    camera.send(rtp(2000, 3, b"\0\2" + vp8(picture=2), pt=RTX_PT))
    assert len(stage.seen()) == 1
