"""Which microphones the ears get, and what is known about each: from a layer's history to a Judgment.

This runs on the packet thread, so it only copies what came since the last time, a bounded number of bytes.
What a microphone sends while its gate is shut is in no history (see sfu/fastpath/kernel/accept.py), so it is
never decoded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count

from sfu import EndpointId
from sfu.fastpath import FastPath
from sfu.plane.producer import Producer
from sfu.voice.candidates import Candidates, Claim
from sfu.voice.ears import SILENT, BadSound, Ears, Judgment, Sound
from sfu.voice.toc import duration_ms

MAX_AT_ONCE = 8
"""Packets of one microphone in one step of 20 ms: four times what browsers send, or what came after a gap."""
REAL_TIME = 1.5
"""How much sound a second of time may hold; the rest is not listened to."""
SAVED_MS = 400.0
FRESH_S = 0.5
"""How long a judgment counts after the last packet; with DTX one comes every 400 ms."""
PAUSE_S = 0.1
"""Without a packet for this long, a microphone is quiet: browsers send one every 20 ms, or at worst 60."""
BEGINNING = 12
"""Packets from before a microphone was chosen that are still listened to: enough for a verdict at once (99 %
of the looks into somebody's speech find it)."""


@dataclass(slots=True)
class _Microphone:
    number: int
    """Its name for the ears."""
    producer: int
    layer: int
    after: int = -1
    """The number up to which its sounds were handed over."""
    allowance_ms: float = SAVED_MS
    handed_at: float = float("-inf")
    listened: bool = False


class Hearing:
    """The hearing of all rooms: the whole worker has one bound on decoding."""

    def __init__(self, fastpath: FastPath, ears: Ears) -> None:
        self._fastpath = fastpath
        self._ears = ears
        self._candidates = Candidates()
        self._microphones: dict[EndpointId, _Microphone] = {}
        self._numbers = count(1)
        self._judgments: Mapping[int, Judgment] = {}
        self._at = 0.0

    def attend(self, microphones: Iterable[tuple[EndpointId, Producer]], now: float) -> None:
        """Ten times a second, with all microphones that are open and flow."""
        known = self._microphones
        self._microphones = {}
        for endpoint, producer in microphones:
            layer = producer.layers[0].row
            microphone = known.pop(endpoint, None)
            if microphone is not None and (microphone.producer, microphone.layer) != (producer.row, layer):
                self._ears.forget(microphone.number)
                microphone = None
            self._microphones[endpoint] = microphone or _Microphone(next(self._numbers), producer.row, layer)
        for gone in known.values():
            self._ears.forget(gone.number)
        claims = [self._claim(microphone) for microphone in self._microphones.values()]
        chosen = self._candidates.choose(claims, self._judgments, now)
        for microphone in self._microphones.values():
            listened = microphone.number in chosen
            if microphone.listened and not listened:
                self._ears.forget(microphone.number)
                microphone.handed_at = float("-inf")  # the next time begins with what came before it
            microphone.listened = listened

    def hand_over(self, now: float) -> bool:
        """Fifty times a second: what came since the last time goes to the ears. True when one of their
        verdicts has changed."""
        elapsed_ms, self._at = (now - self._at) * 1000, now
        sounds: list[Sound] = []
        for microphone in self._microphones.values():
            if not microphone.listened:
                continue
            microphone.allowance_ms = min(SAVED_MS, microphone.allowance_ms + REAL_TIME * elapsed_ms)
            most = MAX_AT_ONCE if microphone.handed_at > float("-inf") else BEGINNING
            came = self._fastpath.sounds(microphone.layer, microphone.after, most)
            if came:
                microphone.after = came[-1][0]
                microphone.handed_at = now
                sounds += self._allowed(microphone, came)
        if sounds:
            self._ears.hear(sounds)
        before, self._judgments = self._judgments, self._ears.judgments()
        return _verdicts(before) != _verdicts(self._judgments)

    def judgment(self, endpoint: EndpointId) -> Judgment | None:
        """None: it is not listened to now."""
        microphone = self._microphones.get(endpoint)
        if microphone is None or not microphone.listened:
            return None
        if self._at - microphone.handed_at > FRESH_S:
            return SILENT
        return self._judgments.get(microphone.number)

    def is_quiet(self, endpoint: EndpointId) -> bool:
        """It makes no sound at the moment, or sends none."""
        microphone = self._microphones.get(endpoint)
        if microphone is None or self._at - microphone.handed_at > PAUSE_S:
            return True
        judgment = self.judgment(endpoint)
        return judgment is None or judgment.quiet

    def forget(self, endpoint: EndpointId) -> None:
        """Its gate is shut, or it is gone. Takes effect at once, so that its rows can be reused."""
        microphone = self._microphones.pop(endpoint, None)
        if microphone is not None:
            self._ears.forget(microphone.number)

    def _claim(self, microphone: _Microphone) -> Claim:
        """Reads and clears the levels that the kernel has summed up from its header."""
        total, levels = self._fastpath.take_level(microphone.producer)
        level = total / levels if levels else None
        silent = level is None and bool(self._fastpath.producers["has_level"][microphone.producer])
        return Claim(microphone.number, 127.0 if silent else level)

    def _allowed(self, microphone: _Microphone, came: list[tuple[int, int, bytes]]) -> list[Sound]:
        allowed: list[Sound] = []
        for _, ts, payload in came:
            try:
                length_ms = duration_ms(payload)
            except BadSound:
                length_ms = 0.0  # the ears count it, and judge by it
            if length_ms > microphone.allowance_ms:
                self._ears.counts.dropped += 1
                continue
            microphone.allowance_ms -= length_ms
            allowed.append(Sound(microphone.number, ts, payload))
        return allowed


def _verdicts(judgments: Mapping[int, Judgment]) -> list[tuple[int, bool, bool]]:
    return [(number, judgment.speaking, judgment.noisy) for number, judgment in judgments.items()]
