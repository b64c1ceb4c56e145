"""Brings the recorder's reports to the rooms they are about; ends recordings that no room knows."""

import logging
from collections.abc import Mapping
from typing import assert_never

from recorder import Status, Stop
from signaling.audit.log import AuditLog
from signaling.links.recorder import RecorderDown, RecorderPort, RecorderUp
from signaling.live.live_room import LiveRoom
from signaling.room.rules import recording
from signaling.room.state.inputs import Input, Recorded, RecorderBack, RecorderGone

log = logging.getLogger("giaoban.recordings")


class RecorderReports:
    def __init__(
        self,
        recorder: RecorderPort,
        rooms: Mapping[str, LiveRoom],
        audit: AuditLog,
    ) -> None:
        self._recorder = recorder
        self._rooms = rooms
        """All live rooms, by the meeting's code."""
        self._audit = audit

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            event = await self._recorder.next_event()
            match event:
                case RecorderUp():
                    self._tell_all(RecorderBack(event.statuses))
                    for status in event.statuses:
                        self._stop_stray(status)
                case RecorderDown():
                    self._tell_all(RecorderGone())
                case Status():
                    self._told(event)
                case _:
                    assert_never(event)

    def _tell_all(self, happened: Input) -> None:
        for live in list(self._rooms.values()):
            live.notice(happened)

    def _told(self, status: Status) -> None:
        live = self._rooms.get(status.room)
        if not recording.goes_on(status):  # its room may be gone: the audit log gets what its manifest says
            run = 0 if live is None else live.meeting.run
            fields = recording.closing_fields(status)
            self._audit.note("recording-closed", meeting=status.room, run=run, fields=fields)
        if live is not None:
            live.notice(Recorded(status))
        self._stop_stray(status)

    def _stop_stray(self, status: Status) -> None:
        """A recording that no room knows is from before a restart, or ended while the recorder was away."""
        states = (live.room.state for live in self._rooms.values())
        if recording.goes_on(status) and not any(recording.knows(one, status.recording) for one in states):
            log.info("stray-recording recording=%s", status.recording)
            self._recorder.send(Stop(status.recording))
