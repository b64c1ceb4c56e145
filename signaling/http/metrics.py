"""GET /metrics: numbers for Prometheus, read from the rooms and the media workers when it asks.

On this machine only.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import sfu
from signaling.audit.log import ALARMS, AuditState
from signaling.connections.places import Stage
from signaling.disks import Seen
from signaling.http import guards
from signaling.http.context import CONTEXT
from signaling.live.load import Load
from signaling.model.certificate import ServedCertificate

SPREAD = ("worker", "of")
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Kept(NamedTuple):
    """How what is kept is kept."""

    store_up: bool
    audit: AuditState
    disks: Mapping[str, Seen]


class Doors(NamedTuple):
    """What stands at the web door."""

    connections: Mapping[Stage, int]
    certificate: ServedCertificate | None


class _Now(Collector):
    """Everything as it is at one moment. A worker's number is its place among the workers."""

    def __init__(
        self,
        load: Load,
        workers: Sequence[sfu.Pong | None],
        doors: Doors,
        kept: Kept,
    ) -> None:
        self._load = load
        self._workers = workers
        self._doors = doors
        self._kept = kept

    def collect(self) -> Iterator[Metric]:
        now = self._load
        yield GaugeMetricFamily("giaoban_rooms", "Meetings that are live", now.rooms)
        yield GaugeMetricFamily("giaoban_sessions", "WebSockets that have said hello", now.sessions)
        yield GaugeMetricFamily("giaoban_admitted", "Seats inside, those kept included", now.admitted)
        yield GaugeMetricFamily("giaoban_waiting", "Knocks in the lobbies", now.waiting)
        yield GaugeMetricFamily("giaoban_checks", "Line checks that run", now.checks)
        lines = GaugeMetricFamily("giaoban_lines", "Lines of those inside", labels=("meeting", "quality"))
        for (meeting, quality), count in sorted(now.lines.items()):
            lines.add_metric((meeting, quality.value), count)
        yield lines
        connections = GaugeMetricFamily("giaoban_connections", "TCP connections", labels=("stage",))
        for stage, count in self._doors.connections.items():
            connections.add_metric((stage.name.lower(),), count)
        yield connections
        up = 0.0 if None in self._workers else 1.0
        yield GaugeMetricFamily("giaoban_media_up", "All media workers answer", up)
        yield from self._media()
        yield from self._certificates()
        kept = self._kept
        yield GaugeMetricFamily(
            "giaoban_store_up", "The database takes what is decided", float(kept.store_up)
        )
        well = float(kept.audit not in ALARMS)
        yield GaugeMetricFamily("giaoban_audit_up", "The audit log is written and its head kept", well)
        free = GaugeMetricFamily("giaoban_disk_free_bytes", "Free for the server's user", labels=("disk",))
        for name, seen in kept.disks.items():
            free.add_metric((name,), seen.free_bytes)
        yield free

    def _certificates(self) -> Iterator[Metric]:
        name = "giaoban_certificate_ends_timestamp_seconds"
        ends = GaugeMetricFamily(name, "When a certificate ends, in Unix time", labels=("of",))
        served = self._doors.certificate
        if served is not None:
            ends.add_metric(("server",), served.validity.ends_ms / 1000)
            if served.authority is not None:
                ends.add_metric(("authority",), served.authority.validity.ends_ms / 1000)
            yield ends

    def _media(self) -> Iterator[Metric]:
        endpoints = GaugeMetricFamily("giaoban_media_endpoints", "Endpoints open", labels=("worker",))
        copies = CounterMetricFamily("giaoban_media_copies", "Copies forwarded", labels=("worker",))
        sent = CounterMetricFamily("giaoban_media_sent_bytes", "Protected bytes sent", labels=("worker",))
        resent = CounterMetricFamily("giaoban_media_resent_bytes", "Of these, repairs", labels=("worker",))
        padding = CounterMetricFamily("giaoban_media_padding_bytes", "Of these, probes", labels=("worker",))
        tick = GaugeMetricFamily("giaoban_media_tick_seconds", "How long a tick takes", labels=SPREAD)
        late = GaugeMetricFamily("giaoban_media_late_seconds", "How late the loop wakes", labels=SPREAD)
        for number, pong in enumerate(self._workers):
            if pong is not None:
                worker = (str(number),)
                _spread(tick, worker, pong.tick)
                _spread(late, worker, pong.late)
                endpoints.add_metric(worker, pong.endpoints)
                copies.add_metric(worker, pong.copies)
                sent.add_metric(worker, pong.sent_bytes)
                resent.add_metric(worker, pong.resent_bytes)
                padding.add_metric(worker, pong.padding_bytes)
        yield from (endpoints, copies, sent, resent, padding, tick, late)


def _spread(family: GaugeMetricFamily, worker: tuple[str], spread: sfu.Spread) -> None:
    for of, us in (("p50", spread.p50_us), ("p99", spread.p99_us), ("longest", spread.longest_us)):
        family.add_metric((*worker, of), us / 1e6)


def install(app: web.Application) -> None:
    app.router.add_get("/metrics", metrics)


async def metrics(request: web.Request) -> web.Response:
    if not guards.asker(request).local:
        raise web.HTTPNotFound
    context = request.app[CONTEXT]
    pongs = [result if isinstance(result, sfu.Pong) else None for result in await context.ping_media()]
    registry = CollectorRegistry()
    shares = context.connections.shares
    doors = Doors(
        {stage: shares.count(stage) for stage in Stage},
        None if context.certificate is None else context.certificate(),
    )
    kept = Kept(not context.store.database.trouble, context.audit.state, context.disks.seen)
    registry.register(_Now(context.rooms.load(), pongs, doors, kept))
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE})
