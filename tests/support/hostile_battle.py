"""A meeting with a hostile bridge point on the virtual net: the listeners, and what the control plane orders.

What the point tries is in `hostile_attacks`.
"""

from collections.abc import Callable, Sequence
from enum import Enum, auto

from sfu import CloseEndpoint, Done, GateReason, SetGates, Show, Source, TileWish
from tests.support.hostile_point import (
    Attacker,
    Overhearing,
    Witness,
)
from tests.support.hostility import Tally
from tests.support.offer import our_offer
from tests.support.scripted import OPEN, ROOM, TILE_ROWS, Scripted
from tests.support.tapped import Tapped
from tests.support.world import World

NAME = "cha"
REASONS = [GateReason(bits) for bits in range(1, 32)]
"""Each reason alone, and every set of them."""
STEP_S = 0.02
WARM_UP_STEPS = 12


class Sabotage(Enum):
    """Faults of the server that the suite must notice."""

    NONE = auto()
    ROWS_OPEN = auto()
    """The plane believes that the gate is shut, but the packet path has it open."""
    DEAF = auto()
    """The order to shut a gate is answered but not carried out."""
    FORGETFUL = auto()
    """The server does not remember what was sent before a gate opened."""
    ANY_CODEC = auto()
    """A line accepts every codec."""


class Battle:
    """One meeting: two listeners and a recorder, one attacker, and one participant before admission."""

    def __init__(
        self, seed: int, tally: Tally, *, clinging: bool = False, sabotage: Sabotage = Sabotage.NONE
    ) -> None:
        """clinging: the slots that carry the attacker stay when the plane releases them, so that the packet
        path's gate must hold alone."""
        self.tally = tally
        self.world = World(seed, ears=Overhearing(tally))
        self.rng = self.world.rng
        self._clinging = clinging
        self._sabotage = sabotage
        points = [Scripted(self.world, name, offer=our_offer(red=True)) for name in ("lan", "nam")]
        tapped = Tapped()
        self.world.plane.open_tap(ROOM, tapped.take)
        self.witnesses = [*(Witness(point, tally) for point in points), Witness(tapped, tally)]
        self.lan, self.nam = points
        self.cha = Attacker(self.world, NAME, OPEN, tally)
        for point in points:
            point.sending_camera = False
            point.microphone_dbov = 60
            point.down.delay_s = 0.0
            self.world.order(
                Show(endpoint=point.id, tiles=(TileWish(endpoint=self.cha.id, height=TILE_ROWS),))
            )
        self.lan.down.loss = 0.1  # its slots repeat earlier sounds, and ask for lost pictures
        self.world.run(0.2)

    # --- what the control plane does -------------------------------------------------------------

    def set_gates(self, gates: dict[Source, GateReason]) -> None:
        self.world.run(0)  # what was sent before arrives before
        self.cha.gates |= gates
        fastpath = self.world.fastpath
        carrying = [(slot, int(layer)) for slot, layer in enumerate(fastpath.slots["target"]) if layer >= 0]
        if self._sabotage is not Sabotage.DEAF:
            assert self.world.order(SetGates(endpoint=self.cha.id, gates=gates)) == Done()
        self._spoil()
        for slot, layer in carrying if self._clinging else ():
            fastpath.switch(slot, layer)

    def _spoil(self) -> None:
        """Writes into the attacker's rows without the plane's knowledge."""
        producers, layers = self.world.fastpath.producers, self.world.fastpath.layers
        its = producers["transport"] == self.cha.row
        if self._sabotage is Sabotage.ROWS_OPEN:
            producers["gate"][its] = 0
        elif self._sabotage is Sabotage.ANY_CODEC:
            producers["pt"][its] = 0
        elif self._sabotage is Sabotage.FORGETFUL:
            layers["since"][its[layers["producer"]]] = 0

    def shut(self, *sources: Source) -> None:
        """One or more reasons for each; all three without names."""
        self.set_gates({source: self.rng.choice(REASONS) for source in sources or tuple(Source)})

    def shut_some(self) -> None:
        """At least one is shut, and often another is open: that one is the way round."""
        sources = self.rng.sample(list(Source), self.rng.choice((1, 2, 2, 3)))
        self.shut(*sources)

    def warm_up(self) -> None:
        """Everything is open for a moment: everybody's slots carry what the attacker sends."""
        self.set_gates(OPEN)
        for _ in range(WARM_UP_STEPS):
            self.speak_openly()
            self.world.run(STEP_S)

    def speak_openly(self) -> None:
        for source in Source:
            if not self.cha.is_shut(source):
                self.cha.say(source)

    def reconnect(self, gates: dict[Source, GateReason]) -> None:
        """A new transport with the gates that the control plane remembers."""
        if self.rng.random() < 0.5:  # otherwise opening replaces it
            self.world.order(CloseEndpoint(endpoint=self.cha.id))
        self.cha = Attacker(self.world, NAME, gates, self.tally)
        self.set_gates(gates)

    @property
    def shut_sources(self) -> list[Source]:
        return [source for source in Source if self.cha.is_shut(source)]

    def a_shut_source(self) -> Source:
        return self.rng.choice(self.shut_sources)

    # --- the battle ------------------------------------------------------------------------------

    def fight(self, attempts: int, attacks: "Sequence[Callable[[Battle], None]]") -> None:
        """Runs one attack after the other until so many attempts have been made."""
        until = self.tally.attempts.total() + attempts
        while self.tally.attempts.total() < until:
            self.warm_up()
            self.shut_some()
            for _ in range(self.rng.randrange(1, 4)):
                self.rng.choice(attacks)(self)
                self.world.run(self.rng.choice((0, STEP_S, 0.15)))
                if not self.shut_sources:
                    self.shut_some()
        self.world.run(0.5)
