"""Numbers for Prometheus, read from the house when it is asked."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from signaling.house import Attendance

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _House(Collector):
    def __init__(self, attendance: Callable[[], Attendance], media_up: Callable[[], bool]) -> None:
        self._attendance = attendance
        self._media_up = media_up

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = self._attendance()
        yield GaugeMetricFamily("giaoban_rooms", "Meetings that are live", now.rooms)
        yield GaugeMetricFamily("giaoban_sessions", "WebSockets that have said hello", now.sessions)
        yield GaugeMetricFamily("giaoban_admitted", "Seats inside, those kept included", now.admitted)
        yield GaugeMetricFamily("giaoban_waiting", "Knocks in the lobbies", now.waiting)
        up = 1.0 if self._media_up() else 0.0
        yield GaugeMetricFamily("giaoban_media_up", "All media workers are connected", up)


class Metrics:
    def __init__(self, attendance: Callable[[], Attendance], media_up: Callable[[], bool]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_House(attendance, media_up))

    def text(self) -> bytes:
        return generate_latest(self._registry)
