"""A token bucket: a steady rate, and a burst on top. Without I/O."""


class Bucket:
    __slots__ = ("_burst", "_last_s", "_per_s", "_tokens")

    def __init__(self, per_s: float, burst: int, now_s: float) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._tokens = float(burst)
        self._last_s = now_s

    def take(self, now_s: float, tokens: float = 1.0) -> bool:
        """Take so many, if they are there."""
        elapsed_s = max(0.0, now_s - self._last_s)
        self._tokens = min(self._burst, self._tokens + elapsed_s * self._per_s)
        self._last_s = now_s
        if self._tokens < tokens:
            return False
        self._tokens -= tokens
        return True
