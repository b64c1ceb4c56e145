"""What the server hears: by the sound of open microphones, whatever their headers claim."""

from collections.abc import Callable

import numpy as np
import pytest

from sfu import CloseEndpoint, GateReason, Opened, OpenEndpoint, RoomId, SetGates, Source, VoicesChanged
from sfu.voice import InlineEars
from tests.support.mix import noises
from tests.support.mix.opus import encode
from tests.support.mix.speech import RATE, Samples
from tests.support.offer import our_offer
from tests.support.scripted import ROOM, Scripted, meet
from tests.support.scripted_ears import ScriptedEars
from tests.support.world import World

SHUT = {Source.MICROPHONE: GateReason.HOST}
OPENED = {Source.MICROPHONE: GateReason.OPEN}
VOICE, SILENCE = 25, 127


def voices(world: World) -> VoicesChanged:
    """The last event; at first there are none."""
    told = world.heard(VoicesChanged)
    return told[-1] if told else VoicesChanged(room=ROOM, speaking=(), noisy=(), shut=())


def heard(world: World, who: Scripted) -> Callable[[], bool]:
    return lambda: who.id in voices(world).speaking


def still(*people: Scripted) -> None:
    for person in people:
        person.microphone_dbov = person.sound_dbov = SILENCE
        person.sending_camera = False


def test_a_speaker_is_reported_at_once_and_until_they_fall_silent() -> None:
    world = World(seed=31)
    lan, cha = meet(world, "lan", "cha")
    still(lan, cha)
    world.run(1)
    cha.microphone_dbov = cha.sound_dbov = VOICE
    assert world.run_until(lambda: voices(world).speaking == (cha.id,), limit_s=1) < 0.1
    cha.microphone_dbov = cha.sound_dbov = SILENCE
    assert world.run_until(lambda: voices(world).speaking == (), limit_s=1) < 0.1


def test_unchanged_voices_are_not_reported_again() -> None:
    world = World(seed=32)
    lan, cha = meet(world, "lan", "cha")
    still(lan, cha)
    lan.sound_dbov = VOICE
    world.run(1)
    told = len(world.heard(VoicesChanged))
    world.run(5)
    assert len(world.heard(VoicesChanged)) == told


def test_a_header_that_claims_a_loud_voice_over_silence_gains_nothing() -> None:
    world = World(seed=33)
    people = meet(world, "lan", "cha", "nam", "forger", "listener")
    *speakers, forger, listener = people
    still(*people)
    for person in speakers:
        person.sound_dbov = 40
    forger.microphone_dbov = 0
    world.order(SetGates(endpoint=listener.id, gates=SHUT))
    world.run(3)
    listener.forget()
    world.run(3)
    assert listener.heard() == {"lan", "cha", "nam"}
    assert forger.id not in voices(world).speaking


def test_a_voice_is_heard_even_if_its_header_says_silence_or_is_missing() -> None:
    world = World(seed=34)
    people = meet(world, "lan", "cha", "nam", "mute", "bare", "listener")
    lan, cha, nam, mute, bare, listener = people
    still(*people)
    for person in (lan, cha, nam):
        person.microphone_dbov, person.sound_dbov = 10, SILENCE
    mute.microphone_dbov, mute.sound_dbov = SILENCE, VOICE
    bare.microphone_dbov, bare.sound_dbov = None, VOICE
    world.order(SetGates(endpoint=listener.id, gates=SHUT))
    world.run(3)
    assert set(voices(world).speaking) == {mute.id, bare.id}
    listener.forget()
    world.run(1)
    assert {"mute", "bare"} <= listener.heard()


@pytest.mark.parametrize("claimed", [0, SILENCE])
def test_a_voice_behind_a_forged_header_is_heard_within_a_second_among_many(claimed: int) -> None:
    """All headers say the same, loud or silent; whenever the voice begins."""
    world = World(seed=44)
    people = meet(world, *(f"p{i}" for i in range(20)))
    still(*people)
    for person in people:
        person.microphone_dbov = claimed
    world.run(1)
    for turn, speaker in enumerate((people[3], people[12], people[19])):
        world.run(0.07 * turn)
        speaker.sound_dbov = VOICE
        assert world.run_until(heard(world, speaker), limit_s=3) <= 1.0
        speaker.sound_dbov = SILENCE
    speaker.sound_dbov = VOICE
    world.run(1.5)
    assert heard(world, speaker)(), "who was found is kept"


def test_a_shut_microphone_is_not_decoded_and_its_claim_is_a_hint() -> None:
    world = World(seed=36)
    lan, cha = meet(world, "lan", "cha")
    still(lan, cha)
    world.order(SetGates(endpoint=cha.id, gates=SHUT))
    world.order(SetGates(endpoint=lan.id, gates=SHUT))
    world.run(0.2)
    decoded = world.ears.counts.decoded
    cha.microphone_dbov = cha.sound_dbov = VOICE
    assert world.run_until(lambda: voices(world).shut == (cha.id,), limit_s=2) < 0.6
    assert voices(world).speaking == ()
    assert world.ears.counts.decoded == decoded
    cha.microphone_dbov = SILENCE
    world.run(2)
    assert voices(world).shut == ()


def test_muting_in_the_middle_of_a_word_ends_speech() -> None:
    world = World(seed=37)
    lan, cha = meet(world, "lan", "cha")
    still(lan, cha)
    cha.sound_dbov = VOICE
    world.run(1)
    assert voices(world).speaking == (cha.id,)
    world.order(SetGates(endpoint=cha.id, gates=SHUT))
    world.run(0.15)
    assert voices(world).speaking == ()
    world.order(SetGates(endpoint=cha.id, gates=OPENED))
    assert world.run_until(lambda: voices(world).speaking == (cha.id,), limit_s=1) < 0.25


def test_leaving_or_stopping_to_send_ends_speech() -> None:
    world = World(seed=38)
    lan, cha = meet(world, "lan", "cha")
    still(lan, cha)
    lan.sound_dbov = cha.sound_dbov = VOICE
    world.run(1)
    assert set(voices(world).speaking) == {lan.id, cha.id}
    lan.sending_microphone = False
    world.order(CloseEndpoint(endpoint=cha.id))
    world.run(0.8)
    assert voices(world).speaking == ()


def test_unreadable_sound_is_counted_and_is_silence() -> None:
    world = World(seed=39)
    lan, cha = meet(world, "lan", "cha")
    still(lan, cha)
    cha.sound_dbov = VOICE
    world.run(1)
    cha.opus = (b"\xf8no sound at all",)
    world.run(0.5)
    assert voices(world).speaking == ()
    assert world.ears.counts.bad > 10


def test_sending_more_sound_than_time_can_hold_gains_no_attention() -> None:
    """120 ms in each packet, fifty times a second: six seconds of decoding for each second."""
    ears = ScriptedEars()
    world = World(seed=40, ears=ears)
    lan, cha = meet(world, "lan", "cha")
    lan.sending_microphone = lan.sending_camera = cha.sending_camera = False
    cha.opus = (bytes([0xFB, 6]) + b"six times twenty",)
    world.run(11)
    assert ears.counts.dropped > 300
    assert ears.counts.bad + ears.counts.decoded < 11 * 1.5 / 0.12 + 10


def test_a_line_check_does_not_count_as_a_microphone() -> None:
    world = World(seed=41)
    room = RoomId("check")
    result = world.order(
        OpenEndpoint(room=room, endpoint=meet(world, "lan")[0].id, offer=our_offer(), gates={}, check=True)
    )
    assert isinstance(result, Opened)
    world.run(1)
    assert all(event.room != room for event in world.heard(VoicesChanged))


def test_a_new_control_plane_is_told_who_speaks() -> None:
    world = World(seed=42)
    lan, cha = meet(world, "lan", "cha")
    still(lan, cha)
    cha.sound_dbov = VOICE
    world.run(1)
    told = [event for event in world.plane.snapshot() if isinstance(event, VoicesChanged)]
    assert [event.speaking for event in told] == [(cha.id,)]


def test_real_sound_is_judged_by_real_ears_end_to_end() -> None:
    """Opus over SRTP through the kernel's history: a voice speaks, a fan is noise, headers or not."""
    world = World(seed=43, ears=InlineEars())
    lan, cha = meet(world, "lan", "cha")
    still(lan, cha)
    lan.opus = [packet.data for packet in encode(_syllables(6.0))]
    fan = noises.fan(np.random.default_rng(5), 6.0) * 0.02
    cha.opus = [packet.data for packet in encode(fan)]
    cha.microphone_dbov = 10
    world.run(6)
    assert voices(world).speaking == (lan.id,)
    assert voices(world).noisy == (cha.id,)
    assert all(cha.id not in event.speaking for event in world.heard(VoicesChanged))


def _syllables(seconds: float) -> Samples:
    time = np.arange(round(seconds * RATE)) / RATE
    turns = np.cumsum(120 * (1 + 0.2 * np.sin(2 * np.pi * 3.3 * time))) / RATE
    voice = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 20))
    return np.asarray(0.1 * np.asarray(voice) * np.clip(np.sin(4 * np.pi * time), 0, None))
