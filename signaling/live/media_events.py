"""Brings what a media worker reports to the room it is about; closes line checks that no room knows."""

import logging
from collections.abc import Callable, Mapping

import sfu
from signaling.links.media import MediaPort, MediaUnavailable, WorkerUp
from signaling.live.live_room import LiveRoom
from signaling.room.state.inputs import Noticed
from signaling.room.state.line import CHECK

log = logging.getLogger("giaoban.rooms")


class MediaEvents:
    def __init__(self, rooms: Mapping[str, LiveRoom], note_behind: Callable[[LiveRoom], None]) -> None:
        self._rooms = rooms
        """All live rooms, by the meeting's code."""
        self._note_behind = note_behind

    async def run(self, media: MediaPort) -> None:
        """The events of one worker, until cancelled."""
        while True:
            event = await media.next_event()
            if isinstance(event, WorkerUp):
                for live in list(self._rooms.values()):
                    if live.media is media:
                        await live.resync()
                continue
            live_room = self._concerned(event)
            if live_room is not None:
                await live_room.handle(Noticed(event))
                self._note_behind(live_room)
            elif not isinstance(event, sfu.SpeakersChanged | sfu.VoicesChanged) and event.endpoint.startswith(
                CHECK
            ):
                await self._close_stray(media, event.endpoint)

    async def _close_stray(self, media: MediaPort, check: sfu.EndpointId) -> None:
        """A line check that no room knows is left from before a restart of this process."""
        try:
            await media.request(sfu.CloseEndpoint(check))
        except MediaUnavailable:
            log.info("stray-check-not-closed endpoint=%s", check)

    def _concerned(self, event: sfu.AnyEvent) -> LiveRoom | None:
        if isinstance(event, sfu.SpeakersChanged | sfu.VoicesChanged):
            return self._rooms.get(event.room)
        rooms = self._rooms.values()
        return next((live for live in rooms if live.room.state.knows(event.endpoint)), None)
