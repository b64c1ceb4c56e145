"""When something was seen or heard: RTP timestamps converted to the server's clock. Without I/O.

Two steps. Sender reports relate a stream's timestamps to its publisher's clock. One offset per publisher, the
least delay seen recently, then maps all its streams to the server's clock. So a person's voice and picture
stay together whatever delays either of them, and the slow offset follows the drift between the two clocks but
not the jitter of the network. Before its first report a stream has an offset of its own.

A correction never jumps: it is spread over the time that follows. Reports are untrusted: they are believed
only as far as the arrivals confirm them, and nothing is ever placed later than it arrived, or more than
MAX_DELAY_US earlier.

Units: microseconds everywhere; `rate` is ticks of a timestamp per second.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import TypeVar

from sfu import Source
from sfu.rtp.seq import unwrap_u32

MAX_DELAY_US = 1_000_000
MAX_STREAMS = 16

_WINDOW_US, _BUCKET_US = 30_000_000, 1_000_000
_YOUNG_US = 5_000_000
"""How long a new offset still searches for the least delay and moves to it quickly."""
_YOUNG_RATE, _RATE, _LOST_RATE = 0.1, 0.0005, 0.01
"""How fast the offset moves, per time elapsed: at first; for drift and jitter; after a route change."""
_LOST_US = 30_000
_SETTLE_RATE = 0.02
"""How fast a correction of one stream is applied, per time elapsed."""
_SETTLE_S = 2.0
"""How long a large correction takes."""
_EARLY_US, _LATE_US = 100_000, 700_000
"""A report is plausible if, according to it, what arrives now was sent within these bounds: not in the
future, and no longer ago than a bad line explains."""
_LAG_RATE, _MAX_LAG_US = 0.001, 300_000.0
_NOISE_US = 30_000
_TRUST = 0.25
"""The share of a report's small difference that is applied: senders measure it to some milliseconds."""

_NTP_US = 1_000_000 / (1 << 32)

K = TypeVar("K")
V = TypeVar("V")


def rate_of(source: Source) -> int:
    return 48_000 if source is Source.MICROPHONE else 90_000


class ClockOffset:
    """From one clock to the server's: the least (arrival - sent) of the last half minute, approached
    slowly."""

    def __init__(self, value_us: float, now_us: int) -> None:
        self._value = value_us
        self._least: deque[tuple[int, float]] = deque()
        """(second, least delay in it)."""
        self._born_us = self._moved_us = now_us

    def moved_by(self, change_us: float) -> "ClockOffset":
        """The same offset for a clock that is behind by `change_us`."""
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
    """(timestamp unwrapped, publisher's clock): from the newest report, perhaps corrected."""
    own: ClockOffset | None = None
    """Offset straight from the timestamps, while there is no tie."""
    lag_us: float = 0.0
    """How much later than the publisher's other streams it is assumed to arrive, while there is no tie."""
    settling_us: float = 0.0
    """The part of the corrections that is still to be applied."""
    settled_us: int = 0
    doubted: list[float] = field(default_factory=list)
    """How much later than expected the newest reports place things; empty if they do not."""
    astray_us: float = 0.0
    """How far its reports are ahead of what arrivals confirm: a clock was set, or a lie."""

    def sent_us(self, ts: int) -> float:
        """On the publisher's clock or, without a tie, on that of the timestamps alone."""
        if self.tie is None:
            return ts * 1_000_000 / self.rate
        return self.tie[1] + (ts - self.tie[0]) * 1_000_000 / self.rate

    def confirms(self, off_us: float) -> bool:
        """Whether this is the third report in a row that says the same."""
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
    """How much later than the common offset says a source arrives: cameras are slow."""

    least_us: float
    usual_us: float


_UNKNOWN_LAG = {
    Source.MICROPHONE: _SourceLag(0.0, 0.0),
    Source.CAMERA: _SourceLag(20_000.0, 20_000.0),
    Source.SCREEN: _SourceLag(20_000.0, 20_000.0),
}


class PublisherClock:
    """The clock of one publisher, and what its streams say of it. Those not heard for longest are forgotten
    first."""

    def __init__(self) -> None:
        self._streams: dict[int, _StreamClock] = {}
        self._waiting: dict[int, tuple[int, float]] = {}
        """Reports of streams without packets so far: (timestamp, publisher's clock)."""
        self._offset: ClockOffset | None = None
        self._lags: dict[Source, _SourceLag] = {}

    def sample(self, source: Source, stream: int, newest_ts: int, newest_us: int) -> None:
        """The packet with timestamp `newest_ts` arrived at `newest_us`."""
        clock = self._streams.pop(stream, None)
        if clock is None or clock.rate != rate_of(source):
            clock = self._begin(source, stream, newest_ts, newest_us)
        clock.newest_ts = unwrap_u32(newest_ts, clock.newest_ts)
        late_us = newest_us - self._at(clock, clock.newest_ts)
        if not -MAX_DELAY_US <= late_us <= MAX_DELAY_US:
            clock = self._begin(source, stream, newest_ts, newest_us)
        self._streams[stream] = clock  # the newest last
        keep_newest(self._streams, MAX_STREAMS)
        before_us = clock.newest_us
        clock.newest_us = max(before_us, newest_us)
        clock.settle(newest_us)
        delay_us = newest_us - clock.sent_us(clock.newest_ts)
        if clock.own is not None:
            clock.own.sample(delay_us - clock.lag_us, newest_us)
        elif self._offset is not None:
            self._offset.sample(delay_us, newest_us)
            self._learn(source, delay_us - self._offset.value_us, clock.newest_us - before_us)

    def report(self, stream: int, ntp: int, ts: int) -> None:
        """A sender report: the stream's timestamp `ts` was the publisher's instant `ntp`."""
        said_us = ntp * _NTP_US
        clock = self._streams.get(stream)
        if clock is None:
            self._waiting.pop(stream, None)
            self._waiting[stream] = (ts, said_us)
            keep_newest(self._waiting, MAX_STREAMS)
            return
        at_ts = unwrap_u32(ts, clock.newest_ts)
        if clock.tie is None:
            self._tie(clock, at_ts, said_us)
        else:
            self._tie_again(clock, at_ts, said_us)

    def at_us(self, stream: int, ts: int) -> int:
        """When the picture or sound with this timestamp was made. Raises KeyError: no sample of the
        stream."""
        clock = self._streams[stream]
        at = round(self._at(clock, unwrap_u32(ts, clock.newest_ts)))
        return max(clock.newest_us - MAX_DELAY_US, min(clock.newest_us, at))

    # --- inside ---------------------------------------------------------------------------------------

    def _at(self, clock: _StreamClock, ts: int) -> float:
        offset = self._offset if clock.tie is not None else clock.own
        return clock.sent_us(ts) + (offset.value_us if offset is not None else 0.0) + clock.settling_us

    def _begin(self, source: Source, stream: int, ts: int, now_us: int) -> _StreamClock:
        """A new stream; a report may have come before it."""
        clock = _StreamClock(rate_of(source), newest_ts=ts, newest_us=now_us, settled_us=now_us)
        waits = self._waiting.pop(stream, None)
        if waits is not None and self._offset is not None:
            clock.tie = (unwrap_u32(waits[0], ts), waits[1])
            if _plausible(now_us - self._at(clock, ts)):
                return clock
            clock.tie = None
        lag = self._lags.get(source) or _UNKNOWN_LAG[source]
        clock.lag_us = lag.least_us
        delay_us = now_us - clock.sent_us(ts)
        clock.own = ClockOffset(delay_us - lag.usual_us, now_us)
        if waits is not None and self._offset is None:
            self._tie(clock, unwrap_u32(waits[0], ts), waits[1])
        return clock

    def _learn(self, source: Source, lag_us: float, elapsed_us: int) -> None:
        lag_us = max(0.0, min(lag_us, _MAX_LAG_US))
        lag = self._lags.get(source)
        if lag is None:
            self._lags[source] = _SourceLag(lag_us, lag_us)
        else:
            lag.least_us = min(lag_us, lag.least_us + elapsed_us * _LAG_RATE)
            lag.usual_us += (lag_us - lag.usual_us) / 16

    def _tie(self, clock: _StreamClock, ts: int, said_us: float) -> None:
        """The first report: move from the stream's own offset to the common one."""
        assert clock.own is not None
        before = self._at(clock, clock.newest_ts)
        alone = clock.sent_us(ts)
        clock.tie = (ts, said_us)
        if self._offset is None:
            self._offset = clock.own.moved_by(alone - said_us)
        clock.own = None
        clock.settling_us = 0.0
        after = self._at(clock, clock.newest_ts)
        if _plausible(clock.newest_us - after):
            clock.settling_us = before - after
        else:
            clock.tie = (ts, said_us + before - after)
            clock.astray_us = after - before

    def _tie_again(self, clock: _StreamClock, ts: int, said_us: float) -> None:
        assert clock.tie is not None
        off_us = said_us - clock.astray_us - clock.sent_us(ts)
        if abs(off_us + clock.astray_us) <= _NOISE_US:
            # It agrees again with what it said before it went astray.
            off_us, clock.astray_us = off_us + clock.astray_us, 0.0
        if abs(off_us) <= _NOISE_US:
            clock.doubted.clear()
            off_us *= _TRUST
        elif off_us > 0 and not clock.confirms(off_us):
            # A busy sender reads its clock too late, never too early.
            off_us = 0.0
        else:
            clock.doubted.clear()
            settled = self._at(clock, clock.newest_ts) - clock.settling_us
            if not _plausible(clock.newest_us - settled - off_us):
                # The arrivals say where things are; from now on only the rate of this clock is believed.
                clock.astray_us += off_us
                off_us = 0.0
        clock.tie = (ts, clock.sent_us(ts) + off_us)
        clock.settling_us -= off_us


def _plausible(late_us: float) -> bool:
    return -_EARLY_US <= late_us <= _LATE_US


def keep_newest(kept: dict[K, V], most: int) -> None:
    """Keep only the newest."""
    while len(kept) > most:
        del kept[next(iter(kept))]
