"""When something was seen or heard: RTP timestamps on the server's clock. Pure.

Two steps. A stream's timestamps are put on its publisher's clock by the sender reports, which say both; all
streams of one publisher then go to the server's clock by one common offset, the least delay seen of late.
So voice and picture of one person stay together whatever either went through on the way, and the offset,
which moves slowly, follows how two clocks drift apart but not the jitter of a line. Before its first report a
stream has an offset of its own.

A correction never jumps: it is spread over the time that follows. Reports are other people's word; what they
say is believed only as far as arrivals bear it out, and nothing is ever put later than it arrived, nor more
than MAX_US before.

Units: microseconds everywhere; `rate` is ticks of a timestamp per second.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import TypeVar

from sfu import EndpointId, Source
from sfu.rtp.seq import unwrap_u32

MAX_DELAY_US = 1_000_000
MAX_ENDPOINTS, MAX_STREAMS = 64, 16

_WINDOW_US, _BUCKET_US = 30_000_000, 1_000_000
_YOUNG_US = 5_000_000
"""So long the offset still looks for the least delay, and goes to it quickly."""
_YOUNG_RATE, _RATE, _LOST_RATE = 0.1, 0.0005, 0.01
"""Of the time that goes by: at first; for drift and jitter; and when the way itself became another one."""
_LOST_US = 30_000
_SETTLE_RATE = 0.02
"""How quickly a correction of one stream is taken in, of the time that goes by."""
_SETTLE_S = 2.0
"""So long for a large one."""
_EARLY_US, _LATE_US = 100_000, 700_000
"""A report is believed when by it what arrives just now was sent so long ago: not in the future, and within
what a bad line makes of it."""
_LAG_RATE, _MAX_LAG_US = 0.001, 300_000.0
_NOISE_US = 30_000
_TRUST = 0.25
"""How much of a report's small difference is believed: senders measure it to some milliseconds."""

_NTP_US = 1_000_000 / (1 << 32)

K = TypeVar("K")
V = TypeVar("V")


def rate_of(source: Source) -> int:
    return 48_000 if source is Source.MICROPHONE else 90_000


class ClockOffset:
    """From one clock to the server's: the least of (arrival - sent) of the last half minute, approached
    slowly."""

    def __init__(self, value_us: float, now_us: int) -> None:
        self._value = value_us
        self._least: deque[tuple[int, float]] = deque()
        """(second, least in it)."""
        self._born_us = self._moved_us = now_us

    def moved_by(self, change_us: float) -> "ClockOffset":
        """The same for a clock that is behind by so much."""
        other = ClockOffset(self._value + change_us, self._moved_us)
        other._born_us = self._born_us
        other._least.extend((second, least + change_us) for second, least in self._least)
        return other

    def sample(self, delay_us: float, now_us: int) -> None:
        second = now_us // _BUCKET_US
        if self._least and second <= self._least[-1][0]:
            newest = self._least.pop()
            self._least.append((newest[0], min(newest[1], delay_us)))
        else:
            self._least.append((second, delay_us))
        while self._least[0][0] < second - _WINDOW_US // _BUCKET_US:
            self._least.popleft()
        self._move(now_us)

    def _move(self, now_us: int) -> None:
        elapsed = max(0, now_us - self._moved_us)
        self._moved_us = max(self._moved_us, now_us)
        missing = min(least for _, least in self._least) - self._value
        if now_us - self._born_us < _YOUNG_US:
            rate = _YOUNG_RATE
        else:
            rate = _RATE if abs(missing) < _LOST_US else _LOST_RATE
        most = elapsed * rate
        self._value += max(-most, min(most, missing))

    @property
    def value_us(self) -> float:
        return self._value


@dataclass(slots=True)
class _StreamClock:
    rate: int
    newest_ts: int = 0
    """Unwrapped."""
    newest_us: int = 0
    tie: tuple[int, float] | None = None
    """(timestamp unwrapped, publisher's clock): the newest report, or what was made of it."""
    own: ClockOffset | None = None
    """While there is no tie; from timestamps as such."""
    lag_us: float = 0.0
    """How much later than others of this publisher it is taken to arrive, while there is no tie."""
    settling_us: float = 0.0
    """What is still to be taken in of corrections."""
    settled_us: int = 0
    doubted: list[float] = field(default_factory=list)
    """How much later than expected the newest reports put things; empty: they do not."""
    astray_us: float = 0.0
    """By how much its reports are ahead of what arrivals bear out: a clock that was set, or a lie."""

    def sent_us(self, ts: int) -> float:
        """On the publisher's clock, or on that of the timestamps alone."""
        if self.tie is None:
            return ts * 1_000_000 / self.rate
        return self.tie[1] + (ts - self.tie[0]) * 1_000_000 / self.rate

    def bears_out(self, off_us: float) -> bool:
        """Whether this report says so much more for the third time in a row."""
        if self.doubted and abs(off_us - self.doubted[-1]) > _NOISE_US:
            self.doubted.clear()
        self.doubted.append(off_us)
        return len(self.doubted) >= 3

    def settle(self, now_us: int) -> None:
        elapsed = max(0, now_us - self.settled_us)
        self.settled_us = max(self.settled_us, now_us)
        most = elapsed * max(_SETTLE_RATE, min(0.5, abs(self.settling_us) / (_SETTLE_S * 1_000_000)))
        self.settling_us -= max(-most, min(most, self.settling_us))


@dataclass(slots=True)
class _SourceLag:
    """How much later than by the common offset a source arrives: cameras take their time."""

    least_us: float
    usual_us: float


@dataclass(slots=True)
class _PublisherClock:
    streams: dict[int, _StreamClock] = field(default_factory=dict)
    waiting: dict[int, tuple[int, float]] = field(default_factory=dict)
    """Reports of streams that nothing was heard of yet: (timestamp, publisher's clock)."""
    offset: ClockOffset | None = None
    lags: dict[Source, "_SourceLag"] = field(default_factory=dict)


_UNKNOWN_LAG = {
    Source.MICROPHONE: _SourceLag(0.0, 0.0),
    Source.CAMERA: _SourceLag(20_000.0, 20_000.0),
    Source.SCREEN: _SourceLag(20_000.0, 20_000.0),
}


class Clocks:
    """Of all publishers that are recorded; of those unheard of longest the memory is given up."""

    def __init__(self) -> None:
        self._endpoints: dict[EndpointId, _PublisherClock] = {}

    def sample(
        self, endpoint: EndpointId, source: Source, stream: int, newest_ts: int, newest_us: int
    ) -> None:
        """The packet with this timestamp came at that instant."""
        of = self._of(endpoint)
        known = of.streams.pop(stream, None)
        if known is None or known.rate != rate_of(source):
            known = self._begin(of, source, stream, newest_ts, newest_us)
        known.newest_ts = unwrap_u32(newest_ts, known.newest_ts)
        late_us = newest_us - self._at(of, known, known.newest_ts)
        if not -MAX_DELAY_US <= late_us <= MAX_DELAY_US:
            known = self._begin(of, source, stream, newest_ts, newest_us)
        of.streams[stream] = known  # the newest last
        _bound(of.streams, MAX_STREAMS)
        before_us = known.newest_us
        known.newest_us = max(before_us, newest_us)
        known.settle(newest_us)
        delay_us = newest_us - known.sent_us(known.newest_ts)
        if known.own is not None:
            known.own.sample(delay_us - known.lag_us, newest_us)
        elif of.offset is not None:
            of.offset.sample(delay_us, newest_us)
            self._learn(of, source, delay_us - of.offset.value_us, known.newest_us - before_us)

    def report(self, endpoint: EndpointId, stream: int, ntp: int, ts: int) -> None:
        """A sender report came: the stream's timestamp `ts` was the publisher's instant `ntp`."""
        of = self._of(endpoint)
        said_us = ntp * _NTP_US
        known = of.streams.get(stream)
        if known is None:
            of.waiting.pop(stream, None)
            of.waiting[stream] = (ts, said_us)
            _bound(of.waiting, MAX_STREAMS)
            return
        at_ts = unwrap_u32(ts, known.newest_ts)
        if known.tie is None:
            self._tie(of, known, at_ts, said_us)
        else:
            self._tie_again(of, known, at_ts, said_us)

    def at_us(self, endpoint: EndpointId, stream: int, ts: int) -> int:
        """When what has this timestamp was seen or heard. Errors: KeyError for a stream without a sample."""
        of = self._endpoints[endpoint]
        known = of.streams[stream]
        at = round(self._at(of, known, unwrap_u32(ts, known.newest_ts)))
        return max(known.newest_us - MAX_DELAY_US, min(known.newest_us, at))

    # --- inside ---------------------------------------------------------------------------------------

    def _of(self, endpoint: EndpointId) -> _PublisherClock:
        of = self._endpoints.pop(endpoint, None) or _PublisherClock()
        self._endpoints[endpoint] = of
        _bound(self._endpoints, MAX_ENDPOINTS)
        return of

    @staticmethod
    def _at(of: _PublisherClock, known: _StreamClock, ts: int) -> float:
        offset = of.offset if known.tie is not None else known.own
        return known.sent_us(ts) + (offset.value_us if offset is not None else 0.0) + known.settling_us

    def _begin(self, of: _PublisherClock, source: Source, stream: int, ts: int, now_us: int) -> _StreamClock:
        """A stream that nothing is known of but, perhaps, a report that came before it."""
        known = _StreamClock(rate_of(source), newest_ts=ts, newest_us=now_us, settled_us=now_us)
        waits = of.waiting.pop(stream, None)
        if waits is not None and of.offset is not None:
            known.tie = (unwrap_u32(waits[0], ts), waits[1])
            if _plausible(now_us - self._at(of, known, ts)):
                return known
            known.tie = None
        lag = of.lags.get(source) or _UNKNOWN_LAG[source]
        known.lag_us = lag.least_us
        delay_us = now_us - known.sent_us(ts)
        known.own = ClockOffset(delay_us - lag.usual_us, now_us)
        if waits is not None and of.offset is None:
            self._tie(of, known, unwrap_u32(waits[0], ts), waits[1])
        return known

    @staticmethod
    def _learn(of: _PublisherClock, source: Source, lag_us: float, elapsed_us: int) -> None:
        lag_us = max(0.0, min(lag_us, _MAX_LAG_US))
        lag = of.lags.get(source)
        if lag is None:
            of.lags[source] = _SourceLag(lag_us, lag_us)
        else:
            lag.least_us = min(lag_us, lag.least_us + elapsed_us * _LAG_RATE)
            lag.usual_us += (lag_us - lag.usual_us) / 16

    def _tie(self, of: _PublisherClock, known: _StreamClock, ts: int, said_us: float) -> None:
        """The first report: from the stream's own offset to the common one."""
        assert known.own is not None
        before = self._at(of, known, known.newest_ts)
        alone = known.sent_us(ts)
        known.tie = (ts, said_us)
        if of.offset is None:
            of.offset = known.own.moved_by(alone - said_us)
        known.own = None
        known.settling_us = 0.0
        after = self._at(of, known, known.newest_ts)
        if _plausible(known.newest_us - after):
            known.settling_us = before - after
        else:
            known.tie = (ts, said_us + before - after)
            known.astray_us = after - before

    def _tie_again(self, of: _PublisherClock, known: _StreamClock, ts: int, said_us: float) -> None:
        assert known.tie is not None
        off_us = said_us - known.astray_us - known.sent_us(ts)
        if abs(off_us + known.astray_us) <= _NOISE_US:
            # It says again what it said before it went astray.
            off_us, known.astray_us = off_us + known.astray_us, 0.0
        if abs(off_us) <= _NOISE_US:
            known.doubted.clear()
            off_us *= _TRUST
        elif off_us > 0 and not known.bears_out(off_us):
            # A busy sender looks at its clock too late, never too early.
            off_us = 0.0
        else:
            known.doubted.clear()
            settled = self._at(of, known, known.newest_ts) - known.settling_us
            if not _plausible(known.newest_us - settled - off_us):
                # Where things are is known by the arrivals; from now on only how this clock goes is believed.
                known.astray_us += off_us
                off_us = 0.0
        known.tie = (ts, known.sent_us(ts) + off_us)
        known.settling_us -= off_us


def _plausible(late_us: float) -> bool:
    return -_EARLY_US <= late_us <= _LATE_US


def _bound(kept: dict[K, V], most: int) -> None:
    """Keep the newest."""
    while len(kept) > most:
        del kept[next(iter(kept))]
