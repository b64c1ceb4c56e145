"""Which feeds an endpoint's slots carry: the room's choice in, one feed per slot out. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sfu import EndpointId, SlotKind, Source
from sfu.plane.slot import Feed


@dataclass(frozen=True, slots=True)
class RoomChoice:
    """What the whole room hears and sees."""

    heard: tuple[EndpointId, ...] = ()
    stage: EndpointId | None = None
    stage_before: EndpointId | None = None
    """Who is shown to the participant on the stage: nobody wants to look at themselves."""
    screen: EndpointId | None = None


def assign(
    me: EndpointId,
    kinds: Sequence[SlotKind],
    now_in: Sequence[Feed | None],
    choice: RoomChoice,
    tiles: Sequence[EndpointId],
    quiet: Collection[EndpointId] = (),
) -> list[Feed | None]:
    """One feed for each slot, in the order of `kinds`; `now_in` is what they carry now. `quiet`: those who
    make no sound at the moment.

    A voice that is still heard stays in its slot, because moving it to another would cut a syllable. Only the
    first audio slot is played in step with the stage (sfu/sdp/answer.py), so the voice that goes with the
    stage moves there as soon as it is quiet for a moment, and so is the voice that it changes places with.
    """
    on_stage = choice.stage if choice.stage != me else choice.stage_before
    voices = [feed for kind, feed in zip(kinds, now_in, strict=True) if kind is SlotKind.AUDIO]
    audio = iter(
        _voices(
            [None if feed is None else feed.endpoint for feed in voices],
            [e for e in choice.heard if e != me],
            on_stage,
            quiet,
        )
    )
    cameras = iter(tiles)
    plan: list[Feed | None] = []
    for kind in kinds:
        match kind:
            case SlotKind.AUDIO:
                plan.append(_feed(next(audio), Source.MICROPHONE, me))
            case SlotKind.STAGE:
                plan.append(_feed(on_stage, Source.CAMERA, me))
            case SlotKind.SCREEN:
                plan.append(_feed(choice.screen, Source.SCREEN, me))
            case SlotKind.TILE:
                plan.append(_feed(next(cameras, None), Source.CAMERA, me))
    return plan


def _feed(endpoint: EndpointId | None, source: Source, me: EndpointId) -> Feed | None:
    return None if endpoint is None or endpoint == me else Feed(endpoint, source)


def _voices(
    now_in: Sequence[EndpointId | None],
    heard: Sequence[EndpointId],
    on_stage: EndpointId | None,
    quiet: Collection[EndpointId],
) -> list[EndpointId | None]:
    """Who is in which audio slot; the first is that of the stage."""
    seats = [endpoint if endpoint in heard else None for endpoint in now_in]
    coming = [endpoint for endpoint in heard if endpoint not in seats]
    if on_stage in coming and seats[0] is None:
        seats[0] = on_stage
        coming.remove(on_stage)
    # The first is taken at once while nobody claims it: the newcomer may be the next on the stage.
    for place in (*range(1, len(seats)), 0) if on_stage in heard else range(len(seats)):
        if seats[place] is None and coming:
            seats[place] = coming.pop(0)
    if on_stage is not None and on_stage in seats and {on_stage, seats[0]} <= {None, *quiet}:
        at = seats.index(on_stage)
        seats[0], seats[at] = on_stage, seats[0]
    return seats
