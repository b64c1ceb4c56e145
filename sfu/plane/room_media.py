"""The media of one room: which endpoints are heard, who is on the stage, whose screen is shown.

It keeps the slots of all its endpoints in step with that choice.
"""

from collections.abc import Callable, Iterator

from sfu import (
    AnyEvent,
    EndpointId,
    EndpointState,
    FlowChanged,
    RoomId,
    SlotKind,
    SlotsChanged,
    Source,
    SpeakersChanged,
    VoicesChanged,
)
from sfu.fastpath import FastPath
from sfu.plane.assignment import RoomChoice, assign
from sfu.plane.endpoint import Endpoint
from sfu.plane.hearing import Hearing
from sfu.plane.producer import Producer
from sfu.plane.pulse import Pulse
from sfu.plane.slot import Feed
from sfu.plane.speakers import Choice, Reading, Speakers
from sfu.plane.tap import Tap
from sfu.voice.hint import Hint


class RoomMedia:
    def __init__(
        self, room: RoomId, fastpath: FastPath, hearing: Hearing, notify: Callable[[AnyEvent], None]
    ) -> None:
        self.room = room
        self.endpoints: dict[EndpointId, Endpoint] = {}
        self.fixed_stage: EndpointId | None = None
        """Set by command; None follows the speaker."""
        self.taps: list[Tap] = []
        self._fastpath = fastpath
        self._hearing = hearing
        self._hints: dict[EndpointId, Hint] = {}
        self._notify = notify
        self._speakers = Speakers()
        self._choice = RoomChoice()
        self._quiet: frozenset[EndpointId] = frozenset()
        """Of those who are heard: whose voice can be moved now."""
        self.speakers = SpeakersChanged(room=room, heard=(), stage=None)
        self.voices = VoicesChanged(room=room, speaking=(), noisy=(), shut=())
        """Both as last announced."""

    def add(self, endpoint: Endpoint) -> None:
        self.endpoints[endpoint.id] = endpoint

    def remove(self, endpoint: EndpointId) -> Endpoint | None:
        """Slots that carry it are detached before its rows are given back."""
        gone = self.endpoints.pop(endpoint, None)
        if gone is None:
            return None
        self._speakers.forget(endpoint)
        self._hearing.forget(endpoint)
        self._hints.pop(endpoint, None)
        for other in self.endpoints.values():
            for slot in other.slots:
                if slot.feed is not None and slot.feed.endpoint == endpoint:
                    slot.attach(None)
        for tap in self.taps:
            tap.forget(endpoint)
        return gone

    def producer(self, feed: Feed | None) -> Producer | None:
        if feed is None or feed.endpoint not in self.endpoints:
            return None
        return self.endpoints[feed.endpoint].producers.get(feed.source)

    def microphones(self, pulse: Pulse) -> Iterator[tuple[EndpointId, Producer]]:
        """The microphones that are open and flow."""
        for endpoint in self.endpoints.values():
            microphone = endpoint.producers[Source.MICROPHONE]
            if microphone.is_open and microphone.is_flowing(pulse):
                yield endpoint.id, microphone

    def listen(self, pulse: Pulse) -> None:
        """Ticker: choose who is heard and who is on the stage, from what the open microphones brought since
        the last tick."""
        readings = [self._reading(endpoint) for endpoint, _ in self.microphones(pulse)]
        chosen = self._speakers.step(readings, pulse.now)
        self._choose(chosen, pulse)
        speakers = SpeakersChanged(room=self.room, heard=chosen.speaking, stage=self._choice.stage)
        if speakers != self.speakers:
            self.speakers = speakers
            self._notify(speakers)
        self._take_hints()
        self.tell_voices()

    def tell_voices(self) -> None:
        """Also called between ticks, when the ears have something new: a speaker is to be known at once."""
        judged = {
            endpoint.id: judgment
            for endpoint in self.endpoints.values()
            if endpoint.producers[Source.MICROPHONE].is_open
            and (judgment := self._hearing.judgment(endpoint.id)) is not None
        }
        voices = VoicesChanged(
            room=self.room,
            speaking=tuple(endpoint for endpoint, judgment in judged.items() if judgment.speaking),
            noisy=tuple(endpoint for endpoint, judgment in judged.items() if judgment.noisy),
            shut=tuple(endpoint for endpoint, hint in self._hints.items() if hint.speaking),
        )
        if voices != self.voices:
            self.voices = voices
            self._notify(voices)

    def arrange(self, pulse: Pulse) -> None:
        """Bring every slot in step with the choice, the gates and the layers that flow."""
        self._quiet = frozenset(who for who in self._choice.heard if self._hearing.is_quiet(who))
        for endpoint in self.endpoints.values():
            if endpoint.state is EndpointState.CLOSED:
                continue
            changed = self._assign(endpoint)
            changed |= endpoint.downlink.spend(endpoint.heights, self.producer, pulse)
            if changed:
                self._notify(self.slots_changed(endpoint))
        for tap in self.taps:
            tap.arrange(self._choice, self._tapped, pulse)

    def _tapped(self, feed: Feed | None) -> Producer | None:
        """A line check is never tapped, whatever room it is in."""
        if feed is None or feed.endpoint not in self.endpoints or self.endpoints[feed.endpoint].check:
            return None
        return self.producer(feed)

    def follow_taps(self, now: float) -> list[Endpoint]:
        """Fifty times a second: read what came. Returns the endpoints with newly missing packets."""
        if not self.taps:
            return []
        torn = set().union(*(tap.follow(now) for tap in self.taps))
        return [self.endpoints[endpoint] for endpoint in torn if endpoint in self.endpoints]

    def hand_over_taps(self) -> None:
        """Ticker, and when a gate was shut: send what was read before."""
        for tap in self.taps:
            tap.hand_over()

    def plan(self, pulse: Pulse) -> None:
        """Ticker, after `arrange`: tell publishers which of their encodings somebody receives."""
        self._listen_for_loss()
        for endpoint in self.endpoints.values():
            plan = endpoint.plan(pulse.now)
            if plan is not None:
                self._notify(plan)

    def watch_flow(self, pulse: Pulse) -> None:
        """Ticker: announce each source that began or stopped."""
        for endpoint in self.endpoints.values():
            for producer in endpoint.producers.values():
                flowing = producer.is_flowing(pulse)
                if flowing != producer.flowing:
                    producer.flowing = flowing
                    self._notify(FlowChanged(endpoint=endpoint.id, source=producer.source, flowing=flowing))

    def slots_changed(self, endpoint: Endpoint) -> SlotsChanged:
        return SlotsChanged(endpoint=endpoint.id, slots=tuple(slot.view() for slot in endpoint.slots))

    def _reading(self, endpoint: EndpointId) -> Reading:
        judgment = self._hearing.judgment(endpoint)
        if judgment is None:
            return Reading(endpoint, None, speaking=False)
        return Reading(endpoint, judgment.level_dbov, judgment.speaking)

    def _take_hints(self) -> None:
        """Note what the headers of shut microphones claim; line checks are skipped."""
        for endpoint in self.endpoints.values():
            microphone = endpoint.producers[Source.MICROPHONE]
            if microphone.is_open or endpoint.check:
                self._hints.pop(endpoint.id, None)
                continue
            claimed = self._fastpath.take_shut_level(microphone.row)
            self._hints.setdefault(endpoint.id, Hint()).step(claimed)

    def _choose(self, chosen: Choice, pulse: Pulse) -> None:
        stage = self.fixed_stage or chosen.stage or self._choice.stage or self._somebody(pulse)
        if stage not in self.endpoints:
            stage = self._somebody(pulse)
        before = self._choice.stage_before
        if stage != self._choice.stage and self._choice.stage in self.endpoints:
            before = self._choice.stage
        if before is None or before == stage or before not in self.endpoints:
            before = self._somebody(pulse, but=stage)
        self._choice = RoomChoice(chosen.heard, stage, before, self._screen(pulse))

    def _somebody(self, pulse: Pulse, but: EndpointId | None = None) -> EndpointId | None:
        """The participant to show while nobody has spoken yet: the first one with a visible camera."""
        return next(
            (
                endpoint.id
                for endpoint in self.endpoints.values()
                if endpoint.id != but
                and (camera := endpoint.producers[Source.CAMERA]).is_open
                and camera.is_flowing(pulse)
            ),
            None,
        )

    def _screen(self, pulse: Pulse) -> EndpointId | None:
        """The screen that is shown stays until it stops; the rules ensure that there is only one."""
        sharing = [
            endpoint.id
            for endpoint in self.endpoints.values()
            if (screen := endpoint.producers[Source.SCREEN]).is_open and screen.is_flowing(pulse)
        ]
        if self._choice.screen in sharing:
            return self._choice.screen
        return sharing[0] if sharing else None

    def _assign(self, endpoint: Endpoint) -> bool:
        """Give each slot its feed. True when one has changed."""
        slots = endpoint.slots
        plan = assign(
            endpoint.id,
            [slot.kind for slot in slots],
            [slot.feed for slot in slots],
            self._choice,
            [tile.endpoint for tile in endpoint.wish.tiles],
            self._quiet,
        )
        changed = False
        for index, (slot, feed) in enumerate(zip(slots, plan, strict=True)):
            if slot.feed != feed:
                slot.attach(None)
                slot.feed = feed
                slot.held = False
                endpoint.downlink.forget(index)
                changed = True
        return changed

    def _listen_for_loss(self) -> None:
        """Note the worst loss for each open microphone among listeners whom only its own encoder can help."""
        worst: dict[EndpointId, float] = {}
        for endpoint in self.endpoints.values():
            for slot in endpoint.slots:
                if slot.kind is SlotKind.AUDIO and slot.feed is not None and not slot.is_redundant:
                    loss = endpoint.downlink.estimator.loss
                    worst[slot.feed.endpoint] = max(loss, worst.get(slot.feed.endpoint, 0.0))
        for endpoint in self.endpoints.values():
            endpoint.producers[Source.MICROPHONE].listeners_loss = worst.get(endpoint.id, 0.0)
