"""Who is heard and who is on the stage."""

from collections.abc import Mapping

from sfu import EndpointId
from sfu.plane.speakers import STAGE_HOLD_S, Choice, Reading, Speakers

QUIET, NORMAL, LOUD = 75.0, 35.0, 20.0


class Talk:
    """Ten readings a second, by script."""

    def __init__(self) -> None:
        self.speakers = Speakers()
        self.now = 0.0

    def hold(self, seconds: float, **levels: float | None) -> Choice:
        choice = Choice((), (), None)
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            choice = self.speakers.step(_readings(levels), self.now)
        return choice


def _readings(levels: Mapping[str, float | None]) -> list[Reading]:
    """Up to 50 dB below full scale is speech."""
    return [
        Reading(EndpointId(name), level, speaking=level is not None and level <= 50)
        for name, level in levels.items()
    ]


def test_three_open_microphones_are_heard_whatever_their_level() -> None:
    choice = Talk().hold(0.1, a=QUIET, b=NORMAL, c=127.0)
    assert set(choice.heard) == {"a", "b", "c"}


def test_only_those_above_speech_level_count_as_speaking() -> None:
    choice = Talk().hold(1, a=NORMAL, b=QUIET, c=LOUD)
    assert set(choice.speaking) == {"a", "c"}


def test_two_equally_loud_voices_keep_their_order() -> None:
    talk = Talk()
    order = talk.hold(1, a=NORMAL, b=NORMAL + 1).speaking
    assert talk.hold(1, a=NORMAL + 1, b=NORMAL).speaking == order


def test_a_fourth_voice_takes_the_place_of_the_quietest_only_when_clearly_louder() -> None:
    talk = Talk()
    talk.hold(2, a=NORMAL, b=NORMAL, c=NORMAL + 10)
    assert "d" not in talk.hold(2, a=NORMAL, b=NORMAL, c=NORMAL + 10, d=NORMAL + 6).heard
    assert set(talk.hold(2, a=NORMAL, b=NORMAL, c=NORMAL + 10, d=LOUD).heard) == {"a", "b", "d"}


def test_nobody_loses_their_place_in_a_pause_between_two_sentences() -> None:
    talk = Talk()
    talk.hold(2, a=NORMAL, b=NORMAL, c=LOUD, d=QUIET)
    assert "c" in talk.hold(0.6, a=NORMAL, b=NORMAL, c=QUIET, d=NORMAL).heard


def test_closing_the_microphone_gives_up_the_place_at_once() -> None:
    talk = Talk()
    talk.hold(1, a=NORMAL, b=NORMAL, c=NORMAL, d=QUIET)
    assert set(talk.hold(0.1, a=NORMAL, b=NORMAL, d=QUIET).heard) == {"a", "b", "d"}


def test_the_first_to_speak_is_on_the_stage_at_once() -> None:
    assert Talk().hold(0.3, a=QUIET, b=LOUD).stage == "b"


def test_a_cough_does_not_change_the_stage() -> None:
    talk = Talk()
    talk.hold(5, a=NORMAL, b=QUIET)
    assert talk.hold(0.4, a=NORMAL, b=LOUD).stage == "a"
    assert talk.hold(2, a=NORMAL, b=QUIET).stage == "a"


def test_the_stage_follows_the_one_who_goes_on_speaking() -> None:
    talk = Talk()
    talk.hold(5, a=NORMAL, b=QUIET)
    assert talk.hold(2, a=QUIET, b=NORMAL).stage == "b"


def test_the_stage_does_not_change_within_the_holding_time() -> None:
    talk = Talk()
    talk.hold(5, a=NORMAL, b=QUIET)
    talk.hold(3, a=QUIET, b=NORMAL)
    entered = talk.now
    while talk.hold(0.1, a=LOUD, b=QUIET).stage == "b":
        assert talk.now - entered < 10
    assert talk.now - entered >= STAGE_HOLD_S - 2


def test_the_stage_stays_with_the_last_speaker_when_all_are_quiet() -> None:
    talk = Talk()
    talk.hold(3, a=NORMAL, b=QUIET)
    assert talk.hold(10, a=QUIET, b=QUIET).stage == "a"


def test_the_stage_is_free_again_when_its_endpoint_leaves() -> None:
    talk = Talk()
    talk.hold(3, a=NORMAL, b=QUIET)
    talk.speakers.forget(EndpointId("a"))
    assert talk.hold(0.1, b=QUIET).stage is None


def test_a_fan_takes_nobodys_place_however_loud_it_is() -> None:
    speakers = Speakers()
    choice = Choice((), (), None)
    for step in range(50):
        readings = [Reading(EndpointId(n), NORMAL + 10, speaking=True) for n in "abc"]
        readings.append(Reading(EndpointId("fan"), 10.0, speaking=False))
        choice = speakers.step(readings, step / 10)
    assert set(choice.heard) == {"a", "b", "c"}
    assert choice.stage != "fan"


def test_a_fan_alone_is_heard_but_neither_speaks_nor_has_the_stage() -> None:
    choice = Speakers().step([Reading(EndpointId("fan"), 10.0, speaking=False)], 0.0)
    assert choice == Choice(heard=(EndpointId("fan"),), speaking=(), stage=None)


def test_a_soft_voice_takes_the_place_of_a_loud_fan() -> None:
    speakers = Speakers()
    choice = Choice((), (), None)
    for step in range(80):
        readings = [Reading(EndpointId(n), 20.0, speaking=False) for n in "abc"]
        readings.append(Reading(EndpointId("soft"), 48.0, speaking=step > 30))
        choice = speakers.step(readings, step / 10)
    assert "soft" in choice.heard
    assert choice.stage == "soft"


def test_a_microphone_that_is_not_listened_to_counts_as_silent() -> None:
    choice = Talk().hold(1, a=NORMAL, b=NORMAL, c=NORMAL, d=None)
    assert set(choice.heard) == {"a", "b", "c"}
