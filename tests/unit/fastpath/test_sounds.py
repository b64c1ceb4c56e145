"""What the ears get from a sound layer: what came while its gate was open, once, in order, bounded."""

from sfu.fastpath import MediaKind
from sfu.fastpath.kernel.tables import SOUND_ROW, SOUNDS
from tests.support.fastpath_stage import RED_PT, Stage, red, rtp

HOST = 2


def test_sounds_come_once_and_in_order() -> None:
    stage = Stage()
    voice = stage.publisher(MediaKind.AUDIO)
    layer = voice.layers[0]
    voice.send(*(rtp(1000, seq, b"s%d" % seq, ts=960 * seq) for seq in (1, 3, 2)))
    sounds = stage.fastpath.sounds(layer, -1, 10)
    assert [(ts, payload) for _, ts, payload in sounds] == [(960, b"s1"), (1920, b"s2"), (2880, b"s3")]
    assert stage.fastpath.sounds(layer, sounds[-1][0], 10) == []
    voice.send(rtp(1000, 4, b"s4", ts=3840))
    assert [payload for *_, payload in stage.fastpath.sounds(layer, sounds[-1][0], 10)] == [b"s4"]


def test_nothing_is_given_before_the_first_packet() -> None:
    stage = Stage()
    voice = stage.publisher(MediaKind.AUDIO)
    assert stage.fastpath.sounds(voice.layers[0], -1, 10) == []


def test_sounds_sent_while_the_gate_was_shut_are_never_given() -> None:
    stage = Stage()
    voice = stage.publisher(MediaKind.AUDIO)
    layer = voice.layers[0]
    voice.send(rtp(1000, 1, b"open"))
    stage.fastpath.set_gate(voice.producer, HOST)
    voice.send(*(rtp(1000, seq, b"secret") for seq in range(2, 20)))
    assert stage.fastpath.sounds(layer, -1, 100) == []
    stage.fastpath.set_gate(voice.producer, 0)
    assert stage.fastpath.sounds(layer, -1, 100) == []
    again = red(b"again", (960, b"secret"), (480, b"secret"))
    voice.send(rtp(1000, 20, again, ts=9600, pt=RED_PT))
    assert [payload for *_, payload in stage.fastpath.sounds(layer, -1, 100)] == [b"again"]


def test_only_the_newest_are_given_when_there_are_more() -> None:
    stage = Stage()
    voice = stage.publisher(MediaKind.AUDIO)
    for seq in range(1, 200):
        voice.send(rtp(1000, seq, b"s%d" % seq))
    assert [payload for *_, payload in stage.fastpath.sounds(voice.layers[0], -1, 3)] == [
        b"s197",
        b"s198",
        b"s199",
    ]
    assert len(stage.fastpath.sounds(voice.layers[0], -1, 10_000)) == SOUNDS


def test_redundant_packets_are_given_as_separate_sounds() -> None:
    stage = Stage()
    voice = stage.publisher(MediaKind.AUDIO)
    voice.send(rtp(1000, 1, red(b"one"), ts=960, pt=RED_PT))
    voice.send(rtp(1000, 3, red(b"three", (960, b"two")), ts=2880, pt=RED_PT))
    assert [payload for *_, payload in stage.fastpath.sounds(voice.layers[0], -1, 10)] == [
        b"one",
        b"two",
        b"three",
    ]


def test_a_packet_too_long_for_the_history_is_not_given() -> None:
    stage = Stage()
    voice = stage.publisher(MediaKind.AUDIO)
    voice.send(rtp(1000, 1, bytes(SOUND_ROW + 1)), rtp(1000, 2, b"short"), rtp(1000, 3, b""))
    assert [payload for *_, payload in stage.fastpath.sounds(voice.layers[0], -1, 10)] == [b"short"]


def test_a_new_ssrc_begins_anew() -> None:
    stage = Stage()
    voice = stage.publisher(MediaKind.AUDIO)
    layer = voice.layers[0]
    voice.send(rtp(1000, 60_000, b"before"))
    after = stage.fastpath.sounds(layer, -1, 10)[-1][0]
    stage.fastpath.bind_ssrc(voice.transport, 1001, layer)
    voice.send(rtp(1001, 5, b"anew"))
    assert [payload for *_, payload in stage.fastpath.sounds(layer, after, 10)] == [b"anew"]


def test_a_layer_that_is_gone_gives_nothing() -> None:
    stage = Stage()
    voice = stage.publisher(MediaKind.AUDIO)
    voice.send(rtp(1000, 1, b"one"))
    stage.fastpath.close_transport(voice.transport)
    assert stage.fastpath.sounds(voice.layers[0], -1, 10) == []
