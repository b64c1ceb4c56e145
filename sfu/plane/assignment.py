"""Which feeds an endpoint's slots carry: the room's choice in, one feed per slot out. Pure."""

from collections.abc import Iterator, Sequence
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
) -> list[Feed | None]:
    """One feed for each slot, in the order of `kinds`; `now_in` is what they carry now.

    A voice that is still heard stays in its slot, because moving it to another would cut a syllable.
    """
    audio = _audio(
        [feed for kind, feed in zip(kinds, now_in, strict=True) if kind is SlotKind.AUDIO],
        [e for e in choice.heard if e != me],
    )
    cameras = iter(tiles)
    plan: list[Feed | None] = []
    for kind in kinds:
        match kind:
            case SlotKind.AUDIO:
                plan.append(next(audio))
            case SlotKind.STAGE:
                on_stage = choice.stage if choice.stage != me else choice.stage_before
                plan.append(_feed(on_stage, Source.CAMERA, me))
            case SlotKind.SCREEN:
                plan.append(_feed(choice.screen, Source.SCREEN, me))
            case SlotKind.TILE:
                plan.append(_feed(next(cameras, None), Source.CAMERA, me))
    return plan


def _feed(endpoint: EndpointId | None, source: Source, me: EndpointId) -> Feed | None:
    return None if endpoint is None or endpoint == me else Feed(endpoint, source)


def _audio(now_in: Sequence[Feed | None], heard: Sequence[EndpointId]) -> Iterator[Feed | None]:
    kept = [feed if feed is not None and feed.endpoint in heard else None for feed in now_in]
    seated = {feed.endpoint for feed in kept if feed is not None}
    coming = iter([e for e in heard if e not in seated])
    for feed in kept:
        if feed is not None:
            yield feed
        else:
            newcomer = next(coming, None)
            yield None if newcomer is None else Feed(newcomer, Source.MICROPHONE)
