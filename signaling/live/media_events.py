"""Brings what a media worker reports to the room it is about; closes line checks that no room knows."""

import asyncio
import logging
from collections.abc import Iterable, Mapping

import sfu
from signaling.links.media import MediaEvent, MediaPort, MediaUnavailable, Result, WorkerUp
from signaling.live.live_room import LiveRoom
from signaling.room.state.inputs import Noticed
from signaling.room.state.line import CHECK

log = logging.getLogger("giaoban.rooms")

REPORTS_S = 0.5
"""Line reports are gathered for so long and told as one: they come every two seconds from each endpoint."""


class MediaEvents:
    def __init__(self, rooms: Mapping[str, LiveRoom]) -> None:
        self._rooms = rooms
        """All live rooms, by the meeting's code."""
        self._reports: dict[sfu.EndpointId, sfu.LineReport] = {}

    async def run(self, media: MediaPort) -> None:
        """The events of one worker, until cancelled."""
        while True:
            events = await media.next_events()
            if any(isinstance(event, WorkerUp) for event in events):
                for live in list(self._rooms.values()):
                    if live.media is media:
                        await live.resync()
            for live, about_it in self._by_room(media, events):
                await live.notice_in_turn(tuple(about_it))

    def _by_room(
        self, media: MediaPort, events: Iterable[MediaEvent]
    ) -> list[tuple[LiveRoom, list[sfu.AnyEvent]]]:
        """What concerns each room, in order, without what can wait."""
        by_room: dict[str, tuple[LiveRoom, list[sfu.AnyEvent]]] = {}
        for event in events:
            if isinstance(event, WorkerUp):
                continue
            if isinstance(event, sfu.LineReport) and not event.endpoint.startswith(CHECK):
                self._gather(event)
                continue
            live = self._concerned(event)
            if live is not None:
                by_room.setdefault(live.meeting.code, (live, []))[1].append(event)
            elif not isinstance(event, sfu.SpeakersChanged | sfu.VoicesChanged) and event.endpoint.startswith(
                CHECK
            ):
                _close_stray(media, event.endpoint)
        return list(by_room.values())

    def _gather(self, report: sfu.LineReport) -> None:
        if not self._reports:
            asyncio.get_running_loop().call_later(REPORTS_S, self._tell_reports)
        self._reports[report.endpoint] = report

    def _tell_reports(self) -> None:
        reports, self._reports = self._reports, {}
        for live in list(self._rooms.values()):
            about_it = tuple(report for who, report in reports.items() if live.room.state.knows(who))
            if about_it:
                live.notice(Noticed(about_it))

    def _concerned(self, event: sfu.AnyEvent) -> LiveRoom | None:
        if isinstance(event, sfu.SpeakersChanged | sfu.VoicesChanged):
            return self._rooms.get(event.room)
        rooms = self._rooms.values()
        return next((live for live in rooms if live.room.state.knows(event.endpoint)), None)


def _close_stray(media: MediaPort, check: sfu.EndpointId) -> None:
    """A line check that no room knows is left from before a restart of this process."""

    def answered(result: Result) -> None:
        if isinstance(result.exception(), MediaUnavailable):
            log.info("stray-check-not-closed endpoint=%s", check)

    media.request(sfu.CloseEndpoint(check)).add_done_callback(answered)
