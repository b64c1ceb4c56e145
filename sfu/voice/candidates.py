"""Which open microphones are listened to, when there are more microphones than ears. Without I/O.

What the level header claims only decides whom to try first, and is believed for TRIAL_S: a microphone that
claims speech and is not heard to speak is put behind the honest ones, so lying does not pay.

Half of the places belong to those that speak or claim to. The other half goes round all the rest, whatever
they claim: what came lately is kept, so one look at it takes a tenth of a second. A voice behind a header
that says silence is found within a second among fifty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sfu.voice.ears import LISTENED, Judgment

CLAIM_DBOV = 50.0
"""A header that says louder than this claims speech."""
TRIAL_S = 0.6
"""How long a microphone that claims speech is listened to: twice what it takes to find speech."""
MAX_LOOK_S = 0.15
"""How long a look at one that is passed waits for its verdict, which is there after one step, unless the ears
are behind."""
BELIEVED_S = 2.0
"""How long a microphone with speech is still listened to afterwards: a pause is not an end."""
CLAIM_S = 0.5
"""How long a claim counts after its last packet."""
REFUTED_S = 5.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What an open microphone's header said since the last step."""

    microphone: int
    level_dbov: float | None
    """None: it does not say, which counts as a claim."""


@dataclass(slots=True)
class _Known:
    chosen_at: float = float("-inf")
    """When listening to it last began."""
    looked_at: bool = False
    """It was chosen for one look only."""
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
        """At most `places` of the named microphones; called at a steady pace."""
        known = {claim.microphone: self._known.get(claim.microphone) or _Known() for claim in claims}
        self._known = known
        for claim in claims:
            if claim.level_dbov is None or claim.level_dbov <= CLAIM_DBOV:
                known[claim.microphone].claimed_at = now
        self._learn(judged, now)
        chosen = tuple(known) if len(known) <= self._places else self._fill(judged, now)
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

    def _fill(self, judged: Mapping[int, Judgment], now: float) -> tuple[int, ...]:
        """Those with speech, those on trial, those that claim speech; the other half of the places goes round
        the rest."""
        known = self._known
        speaking = [m for m, k in known.items() if now - k.spoke_at <= BELIEVED_S]
        kept = [m for m in self._chosen if m in known]
        trial = [m for m in kept if not known[m].looked_at and now - known[m].chosen_at < TRIAL_S]
        claiming = [
            m for m, k in known.items() if now - k.claimed_at <= CLAIM_S and now - k.refuted_at > REFUTED_S
        ]
        claiming.sort(key=lambda m: known[m].left_at)
        looks = [m for m in kept if m not in judged and now - known[m].chosen_at < MAX_LOOK_S]
        waiting = sorted(known, key=lambda m: now if m in self._chosen else known[m].left_at)
        half = self._places // 2
        firm = list(dict.fromkeys((*speaking, *trial, *claiming)))[: self._places - half]
        turning = [m for m in dict.fromkeys((*looks, *waiting)) if m not in firm][:half]
        for m in firm:
            known[m].looked_at = False
        for m in turning:
            known[m].looked_at = True
        return (*firm, *turning)
