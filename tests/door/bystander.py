"""What the people in a meeting notice while something goes on at the doors: a voice on its way, the chair's
page, the chair's orders, and somebody whose page is loaded again.

All of them are in this process, from before the message is written to the arrival of the answer. So they
include this process's own event loop; the quiet phase before each attack is the reference."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from deploy.simulate.media import Media
from sfu import Source
from signaling.model.meeting import MEETING_CODE
from signaling.protocol import MAX_MESSAGE_BYTES, PROTOCOL, Hello, Mute, Roster, Unmute, encode
from tests.bench.latency import VOICE, Three
from tests.bench.transit import watch
from tests.support.percentile import at

LATE_S = 3.0
"""A packet of the voice that comes later counts as lost. The voice's loop is longer."""
PATIENCE_S = 20.0
"""How long a page waits for an answer."""
RETRY_S = 0.5
PING_EACH_S = 0.1
ORDER_EACH_S = 0.5
RELOAD_EACH_S = 1.0


@dataclass
class Voice:
    """One voice, from the sender's RTP stack to the listener's."""

    payloads: frozenset[bytes]
    """Of its packets. The sender's pictures take the same way."""
    sent_s: dict[int, float] = field(default_factory=dict)
    """By number; monotonic."""
    took_ms: dict[int, float] = field(default_factory=dict)
    _newest: dict[bytes, int] = field(default_factory=dict)
    """The number of the last packet with this payload."""

    def between(self, sender: Media | None, listener: Media | None) -> None:
        watch(sender, listener, self._sent, self._take)

    def _sent(self, payload: bytes) -> None:
        if payload in self.payloads:
            number = len(self.sent_s)
            self._newest[payload] = number
            self.sent_s[number] = time.monotonic()

    def _take(self, payload: bytes) -> None:
        now_s = time.monotonic()
        number = self._newest.get(payload)
        if number is not None and number not in self.took_ms:
            self.took_ms[number] = (now_s - self.sent_s[number]) * 1000

    def between_times(self, begin_s: float, end_s: float) -> tuple[list[float], float]:
        """ms of the packets that were sent in that time and arrived, and the share of those that did not."""
        sent = [number for number, sent_s in self.sent_s.items() if begin_s <= sent_s < end_s]
        came = [ms for number in sent if (ms := self.took_ms.get(number)) is not None and ms <= LATE_S * 1000]
        return came, 1 - len(came) / len(sent) if sent else 1.0


@dataclass(slots=True)
class Trials:
    """Something that is done again and again: how long it took, and how often it failed."""

    at_s: list[float] = field(default_factory=list)
    took_ms: list[float] = field(default_factory=list)
    failed: int = 0

    async def repeat(self, each_s: float, trial: Callable[[], Coroutine[Any, Any, object]]) -> None:
        while True:
            begun_s = time.monotonic()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await trial()
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
                self.failed += 1
            else:
                self.at_s.append(begun_s)
                self.took_ms.append((time.monotonic() - begun_s) * 1000)
            await asyncio.sleep(max(0.0, begun_s + each_s - time.monotonic()))

    def clear(self) -> None:
        self.at_s, self.took_ms, self.failed = [], [], 0

    def since(self, begin_s: float) -> list[float]:
        """ms of those that began since then."""
        return [ms for at_s, ms in zip(self.at_s, self.took_ms, strict=True) if at_s >= begin_s]


@dataclass(frozen=True, slots=True)
class Noticed:
    """Of one phase. Times in ms."""

    voice_p50: float
    voice_p99: float
    voice_lost: float
    """Share of the packets."""
    ping_p50: float
    ping_p99: float
    order_p50: float
    order_worst: float
    reload_p50: float
    reload_worst: float
    failed: int
    """Pings, orders and reloads that got no answer."""


@dataclass
class Bystanders:
    """Chair, speaker and listener of a meeting, and a delegate whose page is loaded again each second."""

    three: Three
    cookie: dict[str, str]
    tls: ssl.SSLContext
    voice: Voice
    pings: Trials = field(default_factory=Trials)
    orders: Trials = field(default_factory=Trials)
    reloads: Trials = field(default_factory=Trials)

    @asynccontextmanager
    async def watching(self, ordered: str) -> AsyncIterator[None]:
        """ordered: the participant whom the chair mutes and lets speak again and again."""
        jobs = (
            (self.pings, PING_EACH_S, self.three.ping),
            (self.orders, ORDER_EACH_S, lambda: self._order(ordered)),
            (self.reloads, RELOAD_EACH_S, self.reload),
        )
        running = [asyncio.create_task(trials.repeat(each_s, trial)) for trials, each_s, trial in jobs]
        running.append(asyncio.create_task(self._follow()))
        try:
            yield
        finally:
            for task in running:
                task.cancel()

    async def phase(self, seconds: float) -> Noticed:
        """What they notice from now on."""
        begin_s = self.begin()
        await asyncio.sleep(seconds)
        return await self.noticed(begin_s)

    def begin(self) -> float:
        """A phase begins. Returns when, for `noticed`."""
        for trials in (self.pings, self.orders, self.reloads):
            trials.clear()
        return time.monotonic()

    async def noticed(self, begin_s: float) -> Noticed:
        """Since `begin_s`, once the packets that are still on their way could arrive."""
        end_s = time.monotonic()
        pings, orders, reloads = (t.since(begin_s) for t in (self.pings, self.orders, self.reloads))
        failed = sum(trials.failed for trials in (self.pings, self.orders, self.reloads))
        await asyncio.sleep(0.3)
        voice_ms, lost = self.voice.between_times(begin_s, end_s)
        return Noticed(
            *(at(0.5, voice_ms), at(0.99, voice_ms), lost),
            *(at(0.5, pings), at(0.99, pings)),
            *(at(0.5, orders), max(orders, default=0.0)),
            *(at(0.5, reloads), max(reloads, default=0.0)),
            failed,
        )

    async def _follow(self) -> None:
        """Watch the voice on the transports that there are, also when they were made anew."""
        watched: tuple[Media | None, Media | None] = (None, None)
        while True:
            now = (self.three.holder.media, self.three.listener.media)
            if now != watched and now[0] is not None and now[1] is not None:
                now[0].speak(self.three.ear.voices[VOICE])
                self.voice.between(*now)
                watched = now
            await asyncio.sleep(0.05)

    async def _order(self, whom: str) -> None:
        """The chair shuts a camera, until the chair's page shows it; then its person may open it again."""
        chair = self.three.chair
        await chair.send(Mute(whom, Source.CAMERA))
        await chair.wait_for(lambda view: _is_shut(view.roster, whom), PATIENCE_S)
        await chair.send(Unmute(whom, Source.CAMERA))
        await chair.wait_for(lambda view: not _is_shut(view.roster, whom), PATIENCE_S)

    async def reload(self) -> None:
        """Until it succeeds: a page tries again, too, when its connection is closed."""
        while True:
            try:
                return await self._load()
            except (aiohttp.ClientError, OSError, ValueError):
                await asyncio.sleep(RETRY_S)

    async def _load(self) -> None:
        """A new connection, who am I, a WebSocket, and the welcome."""
        server = self.three.appliance.url
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookies=self.cookie, cookie_jar=jar) as http:
            async with http.get(f"{server}/api/session", ssl=self.tls) as answer:
                answer.raise_for_status()
                await answer.read()
            async with http.ws_connect(
                f"{server}/ws", ssl=self.tls, origin=server, max_msg_size=4 * MAX_MESSAGE_BYTES
            ) as socket:
                await socket.send_str(encode(Hello(PROTOCOL, MEETING_CODE)))
                frame = await socket.receive()
                if frame.type is not aiohttp.WSMsgType.TEXT or '"welcome"' not in frame.data:
                    raise ValueError(f"no welcome: {frame}")


def _is_shut(roster: Roster | None, whom: str) -> bool:
    rows = roster.participants if roster is not None else ()
    return any(row.id == whom and "host" in row.camera.gate for row in rows)
