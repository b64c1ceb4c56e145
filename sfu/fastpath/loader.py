"""Loading the kernel: compiled, or the same source as ordinary Python."""

import logging
from contextlib import ExitStack
from pickle import UnpicklingError
from types import SimpleNamespace

from sfu.fastpath.kernel import cache, entry_points
from sfu.fastpath.kernel.native import CACHE, forget_cache, prepare, uncompiled

log = logging.getLogger("giaoban.kernel")


def prepare_kernel() -> None:
    """Compile the kernel (some 25 s, once) or load it from the cache (0.2 s). A cache that cannot be used
    costs time, never the start."""
    with ExitStack() as stack:
        try:
            if CACHE is not None:
                stack.enter_context(cache.alone(CACHE))
                if not cache.is_whole(CACHE):
                    cache.discard(CACHE)
                    log.info("kernel-compiling cache=%s", CACHE)
            _prepare()
            if CACHE is not None and not cache.is_whole(CACHE):
                cache.seal(CACHE)
        except (OSError, EOFError, UnpicklingError) as error:
            log.error("kernel-cache-unusable cache=%s why=%r", CACHE, error)
            if CACHE is not None:
                cache.discard(CACHE)
            forget_cache()
            _prepare()


def _prepare() -> None:
    for name, arity in entry_points.ENTRY_POINTS.items():
        prepare(getattr(entry_points, name), arity)


def load_kernel(*, compiled: bool) -> SimpleNamespace:
    """The entry points by name."""
    functions = {name: getattr(entry_points, name) for name in entry_points.ENTRY_POINTS}
    if not compiled:
        return SimpleNamespace(**{name: uncompiled(function) for name, function in functions.items()})
    prepare_kernel()
    return SimpleNamespace(**functions)
