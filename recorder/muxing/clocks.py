"""When what was recorded was seen or heard, on the server's clock: one clock for each publisher."""

from sfu import EndpointId, Source
from sfu.rtp.clocks import PublisherClock, keep_newest

MAX_ENDPOINTS = 256


class Clocks:
    """For all recorded publishers; those not heard for longest are forgotten first."""

    def __init__(self) -> None:
        self._endpoints: dict[EndpointId, PublisherClock] = {}

    def sample(
        self, endpoint: EndpointId, source: Source, stream: int, newest_ts: int, newest_us: int
    ) -> None:
        """The packet with timestamp `newest_ts` arrived at `newest_us`."""
        self._publisher(endpoint).sample(source, stream, newest_ts, newest_us)

    def report(self, endpoint: EndpointId, stream: int, ntp: int, ts: int) -> None:
        """A sender report: the stream's timestamp `ts` was the publisher's instant `ntp`."""
        self._publisher(endpoint).report(stream, ntp, ts)

    def at_us(self, endpoint: EndpointId, stream: int, ts: int) -> int:
        """When the picture or sound with this timestamp was made. Raises KeyError: no sample of the
        stream."""
        return self._endpoints[endpoint].at_us(stream, ts)

    def _publisher(self, endpoint: EndpointId) -> PublisherClock:
        publisher = self._endpoints.pop(endpoint, None) or PublisherClock()
        self._endpoints[endpoint] = publisher
        keep_newest(self._endpoints, MAX_ENDPOINTS)
        return publisher
