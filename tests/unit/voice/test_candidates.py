"""Which microphones the ears get when more are open than they can listen to."""

from collections.abc import Callable, Mapping

import pytest

from sfu.voice.candidates import Candidates, Claim
from sfu.voice.ears import LISTENED, SILENT, Judgment

PLACES = 6
QUIET, LOUD = 90.0, 10.0


class Hall:
    """Many open microphones, ten steps a second: what each claims, and who really speaks."""

    def __init__(self, claims: Mapping[int, float | None], speaking: set[int], places: int = PLACES) -> None:
        self.claims = dict(claims)
        self.speaking = speaking
        self.now = 0.0
        self.places = places
        self._candidates = Candidates(places)
        self._chosen: tuple[int, ...] = ()
        self.seconds: dict[int, float] = {}
        """For how long each was listened to."""

    def step(self) -> tuple[int, ...]:
        self.now += 0.1
        judged = {m: Judgment(m in self.speaking, False, 30.0) for m in self._chosen}
        claims = [Claim(m, level) for m, level in self.claims.items()]
        self._chosen = self._candidates.choose(claims, judged, self.now)
        for microphone in self._chosen:
            self.seconds[microphone] = self.seconds.get(microphone, 0.0) + 0.1
        return self._chosen

    def until(self, found: Callable[[tuple[int, ...]], bool], limit_s: float) -> float:
        start = self.now
        while not found(self.step()):
            assert self.now - start < limit_s
        return self.now - start

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            assert len(self.step()) <= self.places


def test_few_microphones_are_all_listened_to_whatever_they_claim() -> None:
    hall = Hall({1: QUIET, 2: LOUD, 3: None}, set())
    assert set(hall.step()) == {1, 2, 3}


def test_no_more_microphones_are_listened_to_than_there_are_places() -> None:
    Hall(dict.fromkeys(range(50), LOUD), {3, 4, 5, 6, 7, 8, 9}).run(20)


def test_a_microphone_that_begins_to_claim_speech_is_listened_to_at_once() -> None:
    hall = Hall(dict.fromkeys(range(40), QUIET), set())
    hall.run(5)
    hall.claims[37] = LOUD
    assert 37 in hall.step()


def test_a_microphone_with_speech_keeps_its_place_though_its_header_says_silence() -> None:
    hall = Hall(dict.fromkeys(range(40), QUIET), {17})
    hall.until(lambda chosen: 17 in chosen, limit_s=20)
    before = hall.seconds[17]
    hall.run(10)
    assert hall.seconds[17] - before > 9.9


def test_a_crowd_of_liars_cannot_keep_the_ears_from_a_speaker() -> None:
    liars: dict[int, float | None] = dict.fromkeys(range(40), 0.0)
    hall = Hall(liars, set())
    hall.run(30)
    hall.claims[99] = 40.0
    hall.speaking.add(99)
    assert hall.until(lambda chosen: 99 in chosen, limit_s=2) < 1
    hall.run(5)
    assert hall.seconds[99] > 4.9


def test_a_caught_liar_is_listened_to_less_than_one_that_never_claimed() -> None:
    hall = Hall(dict.fromkeys(range(20), QUIET), set())
    hall.claims[50] = 0.0
    hall.run(1)
    caught = hall.seconds[50]
    hall.run(4)
    assert hall.seconds[50] - caught < 2


def test_a_stream_without_the_header_is_tried_like_one_that_claims() -> None:
    hall = Hall(dict.fromkeys(range(40), QUIET), set())
    hall.run(5)
    hall.claims[7] = None
    hall.speaking.add(7)
    assert 7 in hall.step()


@pytest.mark.parametrize("claim", [QUIET, LOUD])
def test_every_one_of_fifty_is_looked_at_within_a_second(claim: float) -> None:
    """With as many places as the ears have, while two speak, and wherever the round is."""
    for begin_s in (0.0, 0.3, 1.7, 4.0):
        hall = Hall(dict.fromkeys(range(50), claim), {3, 4}, LISTENED)
        hall.run(begin_s)
        hall.seconds.clear()
        hall.run(0.9)
        assert set(hall.seconds) == set(range(50))


def test_a_look_waits_for_ears_that_are_behind() -> None:
    candidates, claims = Candidates(PLACES), [Claim(m, QUIET) for m in range(20)]
    first = candidates.choose(claims, {}, 0.0)
    assert candidates.choose(claims, {}, 0.1) == first
    assert not set(candidates.choose(claims, dict.fromkeys(first, SILENT), 0.2)) & set(first)


def test_a_look_does_not_wait_for_ever() -> None:
    candidates, claims = Candidates(PLACES), [Claim(m, QUIET) for m in range(20)]
    first = candidates.choose(claims, {}, 0.0)
    candidates.choose(claims, {}, 0.1)
    assert not set(candidates.choose(claims, {}, 0.2)) & set(first)


def test_a_microphone_that_is_gone_is_not_chosen_any_more() -> None:
    hall = Hall(dict.fromkeys(range(10), LOUD), set())
    hall.run(1)
    del hall.claims[0]
    assert 0 not in hall.step()
