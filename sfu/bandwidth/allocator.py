"""How a downlink's rate is spent: on voices, the shared screen, the stage, the tiles.

Every demand has a ladder: its options from the poorest to the best that its size deserves. A rate is spent
from the top of the order. What was granted before is a cap, so that nothing rises until the rate has been
there for a while with a margin, and everything falls at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from operator import attrgetter

from sfu import Pictures

ENOUGH = 0.75
"""A layer with this share of the wished rows looks the same."""
STAGE_FPS, TILE_FPS = 12.0, 5.0
"""Fewer frames a second than this look worse than a smaller picture. A screen has few anyway."""
MARGIN = 1.2
RAISE_S = 2.5
"""A slot is raised when the rate has been there for this long with this margin."""
NEXT_RAISE_S = 0.4
"""Only one slot at a time: what the first did to the line must be seen before the next."""
AMPLE, AMPLE_RAISE_S = 1.2, 1.0
"""Where there is this many times what is wished, all slots rise at once and sooner."""
HELD_RAISE_S = 1.0
"""A picture that does not move yet needs no more proof than its own rate."""
LOWERED_S, MAX_LOWERED_S = 10.0, 60.0
"""How long a slot is not raised after it was forced down; doubled when that happens soon after a raise."""
HELD_S = 4.0
"""Screen and stage stand still no longer than this while the line carries their least: a small picture of the
speaker is worth some restlessness."""
SOON_S = 20.0
LARGER = 1.25
"""A picture shown larger by this is a new wish: it need not wait, but comes no more often than every
RAISE_S."""


class Rank(IntEnum):
    """After the voices, in this order."""

    SCREEN = 0
    STAGE = 1
    TILE = 2


_MIN_FPS = {Rank.SCREEN: 0.0, Rank.STAGE: STAGE_FPS, Rank.TILE: TILE_FPS}


@dataclass(frozen=True, slots=True)
class Option:
    """One way to send a picture."""

    layer: int
    """0 is the lowest."""
    temporal: int
    """Frames with a higher TID are left out."""
    height: int
    bps: int
    fps: float


@dataclass(frozen=True, slots=True)
class Demand:
    slot: int
    rank: Rank
    height: int
    """Rows that are wished for, > 0."""
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Allocation:
    grants: dict[int, Option | None]
    """By slot; None: held."""
    wanted_bps: int
    """What would be sent if the line carried everything wished."""
    used_bps: int
    pictures: Pictures
    """How many of the wished pictures move."""


@dataclass(slots=True)
class _Place:
    """What is remembered about a slot."""

    key: tuple[int, int] | None
    """(layer, temporal) granted; None: held"""
    height: int
    fits_since: float | None = None
    target: tuple[int, int] = (0, 0)
    """The most that has fitted all that time."""
    blocked_until: float = float("-inf")
    penalty_s: float = LOWERED_S
    raised_at: float = float("-inf")
    wished_at: float = float("-inf")
    lowered_at: float = float("-inf")


class Allocator:
    """One for each endpoint; it keeps the hysteresis."""

    def __init__(self) -> None:
        self._places: dict[int, _Place] = {}
        self._raised_at = float("-inf")

    def forget(self, slot: int) -> None:
        """The slot will carry something else: its next demand is new."""
        self._places.pop(slot, None)

    def allocate(
        self, demands: Sequence[Demand], voices_bps: int, budget_bps: int, now: float, *, may_raise: bool
    ) -> Allocation:
        """Spend `budget_bps`. A slot has at most one demand; a slot without a demand is forgotten."""
        order = sorted(demands, key=attrgetter("rank"))
        ladders = [ladder(demand) for demand in order]
        places = self._places
        ideal = fill(order, ladders, int(budget_bps / MARGIN) - voices_bps) if may_raise else None
        caps = [
            self._cap(demand, steps, -1 if ideal is None else ideal[i], now)
            for i, (demand, steps) in enumerate(zip(order, ladders, strict=True))
        ]
        before = list(caps)
        wished = voices_bps + sum(steps[-1].bps for steps in ladders if steps)
        self._raise(order, ladders, ideal, caps, now, is_ample=budget_bps >= AMPLE * wished)
        granted = fill(order, ladders, budget_bps - voices_bps, caps)
        used = voices_bps
        held = moving = 0
        grants: dict[int, Option | None] = {}
        for i, demand in enumerate(order):
            steps, at = ladders[i], granted[i]
            option = steps[at] if at >= 0 else None
            grants[demand.slot] = option
            if not steps:
                continue
            if option is None:
                held += 1
            else:
                moving += 1
                used += option.bps
            self._note(demand, option, at - before[i], now)
        if len(places) > len(order):
            for slot in places.keys() - grants.keys():
                del places[slot]
        pictures = Pictures.ALL if not held else Pictures.SOME if moving else Pictures.NONE
        return Allocation(grants, wished, used, pictures)

    def _cap(self, demand: Demand, steps: list[Option], ideal: int, now: float) -> int:
        """The highest step that may be granted without a raise: the one it had; for a new demand, what fits
        with the margin. Tiles need the margin for their lowest step, too: the rate is not theirs while the
        stage may want it."""
        place = self._places.get(demand.slot)
        if place is None:
            return ideal if demand.rank is Rank.TILE else max(0, ideal)
        cap = _step(steps, place.key)
        if cap < 0 and steps and demand.rank is not Rank.TILE and now - place.lowered_at >= HELD_S:
            cap = 0
        if demand.height > LARGER * place.height and now - place.wished_at >= RAISE_S:
            place.wished_at, place.height = now, demand.height
            if now >= place.blocked_until:
                return max(cap, ideal)
        elif demand.height < place.height:
            place.height = demand.height
        return cap

    def _raise(
        self,
        order: Sequence[Demand],
        ladders: Sequence[list[Option]],
        ideal: list[int] | None,
        caps: list[int],
        now: float,
        *,
        is_ample: bool,
    ) -> None:
        """Lift the cap of the first slot that may rise."""
        is_free = now - self._raised_at >= NEXT_RAISE_S
        for i, demand in enumerate(order):
            place = self._places.get(demand.slot)
            if place is None:
                continue
            if ideal is None or ideal[i] <= caps[i]:
                place.fits_since = None
                continue
            option = ladders[i][ideal[i]]
            key = (option.layer, option.temporal)
            if place.fits_since is None:
                place.fits_since, place.target = now, key
            place.target = min(place.target, key)
            is_held = caps[i] < 0 and place.blocked_until == float("-inf")
            least_s = HELD_RAISE_S if is_held else AMPLE_RAISE_S if is_ample else RAISE_S
            # Where a raise did not last, more proof is needed.
            has_lasted = now - place.fits_since >= least_s * place.penalty_s / LOWERED_S
            if (is_free or is_held) and has_lasted and now >= place.blocked_until:
                step = 0 if is_held and not is_ample else _step(ladders[i], place.target)
                place.fits_since = None
                if step > caps[i]:
                    caps[i] = step
                    is_free = is_ample
                    self._raised_at = place.raised_at = now

    def _note(self, demand: Demand, option: Option | None, change: int, now: float) -> None:
        """Remember the grant. A negative change was forced, and is not undone soon."""
        key = None if option is None else (option.layer, option.temporal)
        place = self._places.get(demand.slot)
        if place is None:
            self._places[demand.slot] = _Place(key, demand.height, wished_at=now)
            return
        had, place.key = place.key, key
        if change < 0 and had is not None:
            soon = now - place.raised_at < SOON_S
            place.penalty_s = min(MAX_LOWERED_S, 2 * place.penalty_s) if soon else LOWERED_S
            place.blocked_until = now + place.penalty_s
            place.lowered_at = now
            place.fits_since = None


def ladder(demand: Demand) -> list[Option]:
    """The demand's options that make sense, poorest first; each costs more than the one before.

    None is taller than shown, except the lowest layer. On the way down a layer first loses frames, while
    enough are left; then the next layer comes with all of its own."""
    options = sorted(demand.options, key=attrgetter("layer", "temporal"))
    if not options:
        return []
    enough = ENOUGH * demand.height
    best = next((option.layer for option in options if option.height >= enough), options[-1].layer)
    lowest, least_fps = options[0].layer, _MIN_FPS[demand.rank]
    steps: list[Option] = []
    for option in reversed(options):
        if option.layer > best:
            continue
        if steps:
            above = steps[-1]
            if option.bps >= above.bps:
                continue  # poorer and not cheaper
            if option.layer == above.layer and option.layer > lowest and option.fps < least_fps:
                continue
        steps.append(option)
    steps.reverse()
    return steps


def fill(
    order: Sequence[Demand], ladders: Sequence[list[Option]], left: int, caps: Sequence[int] | None = None
) -> list[int]:
    """The step of each demand (-1: none) that `left` bit/s pay for, in the order of ranks."""
    granted = [-1] * len(order)
    tops = [len(steps) - 1 for steps in ladders]
    if caps is not None:
        tops = [min(top, cap) for top, cap in zip(tops, caps, strict=True)]
    tiles = [i for i, demand in enumerate(order) if demand.rank is Rank.TILE]
    first = len(order) - len(tiles)
    for i in range(first):
        if tops[i] >= 0 and ladders[i][0].bps <= left:
            granted[i] = 0
            left -= ladders[i][0].bps
    for i in range(first):
        if granted[i] < 0:
            continue
        paid = ladders[i][0].bps
        for step in range(tops[i], 0, -1):
            if ladders[i][step].bps - paid <= left:
                granted[i] = step
                left -= ladders[i][step].bps - paid
                break
    if any(granted[i] < 0 and ladders[i] and order[i].rank is Rank.STAGE for i in range(first)):
        return granted
    is_short = False
    for i in tiles:
        if tops[i] < 0:
            continue
        if ladders[i][0].bps <= left:
            granted[i] = 0
            left -= ladders[i][0].bps
        else:
            is_short = True
    while tiles and not is_short:
        rising = []
        for i in tiles:
            step = granted[i] + 1
            if 0 < step <= tops[i]:
                cost = ladders[i][step].bps - ladders[i][step - 1].bps
                if cost <= left:
                    granted[i] = step
                    left -= cost
                    rising.append(i)
        tiles = rising
    return granted


def _step(steps: Sequence[Option], key: tuple[int, int] | None) -> int:
    """The highest step that is no better than `key`; the lowest when all are better; -1 for None."""
    if key is None:
        return -1
    for step in range(len(steps) - 1, -1, -1):
        if (steps[step].layer, steps[step].temporal) <= key:
            return step
    return 0 if steps else -1


__all__ = ["Allocation", "Allocator", "Demand", "Option", "Rank", "fill", "ladder"]
