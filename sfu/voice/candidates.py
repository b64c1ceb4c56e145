"""Which open microphones are listened to, when there are more than ears. Pure.

What the level header claims only says whom to try first, and is believed for TRIAL_S: who claims to speak and
is not heard to is put behind those who were not caught, so lying costs the liar. One that is silent by its
header, or has none, still gets its turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sfu.voice.ears import LISTENED, Judgment

CLAIM_DBOV = 50.0
"""A header that says louder than this claims speech."""
TURNING = 2
"""Places that go round among those who claim nothing."""
TRIAL_S = 0.6
"""So long somebody is listened to at least: twice what it takes to find speech."""
BELIEVED_S = 2.0
"""Who was heard to speak is listened to for so long after: a pause is no end."""
CLAIM_S = 0.5
"""A claim counts for so long after its last packet."""
REFUTED_S = 5.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What an open microphone's header said since the last step."""

    microphone: int
    level_dbov: float | None
    """None: it does not say. That counts as a claim."""


@dataclass(slots=True)
class _Known:
    chosen_at: float = float("-inf")
    """When it was last begun to be listened to."""
    left_at: float = float("-inf")
    claimed_at: float = float("-inf")
    spoke_at: float = float("-inf")
    refuted_at: float = float("-inf")


class Candidates:
    def __init__(self, places: int = LISTENED) -> None:
        self._places = places
        self._known: dict[int, _Known] = {}
        self._chosen: tuple[int, ...] = ()

    def choose(self, claims: Sequence[Claim], judged: Mapping[int, Judgment], now: float) -> tuple[int, ...]:
        """At most `places` of those that are named; called at a steady pace."""
        known = {claim.microphone: self._known.get(claim.microphone) or _Known() for claim in claims}
        self._known = known
        for claim in claims:
            if claim.level_dbov is None or claim.level_dbov <= CLAIM_DBOV:
                known[claim.microphone].claimed_at = now
        self._learn(judged, now)
        chosen = tuple(known) if len(known) <= self._places else self._fill(now)
        for microphone in chosen:
            if microphone not in self._chosen:
                known[microphone].chosen_at = now
        for microphone in self._chosen:
            if microphone in known and microphone not in chosen:
                known[microphone].left_at = now
        self._chosen = chosen
        return chosen

    def _learn(self, judged: Mapping[int, Judgment], now: float) -> None:
        for microphone in self._chosen:
            known = self._known.get(microphone)
            if known is None:
                continue
            if microphone in judged and judged[microphone].speaking:
                known.spoke_at = now
                known.refuted_at = float("-inf")
            elif now - known.chosen_at >= TRIAL_S and now - known.claimed_at <= CLAIM_S:
                known.refuted_at = now

    def _fill(self, now: float) -> tuple[int, ...]:
        """Who speaks, who is on trial, who claims to speak; the last places and what is left go round."""
        known = self._known
        speaking = [m for m, k in known.items() if now - k.spoke_at <= BELIEVED_S]
        trial = [m for m in self._chosen if m in known and now - known[m].chosen_at < TRIAL_S]
        claiming = [
            m for m, k in known.items() if now - k.claimed_at <= CLAIM_S and now - k.refuted_at > REFUTED_S
        ]
        claiming.sort(key=lambda m: known[m].left_at)
        waiting = sorted(known, key=lambda m: now if m in self._chosen else known[m].left_at)
        firm = self._places - TURNING
        chosen = dict.fromkeys(speaking[:firm])
        chosen |= dict.fromkeys(trial[: self._places - len(chosen)])
        for microphone in claiming:
            if len(chosen) >= firm:
                break
            chosen[microphone] = None
        for microphone in waiting:
            if len(chosen) >= self._places:
                break
            chosen[microphone] = None
        return tuple(chosen)
