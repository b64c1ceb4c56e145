"""Loading the kernel: compiled, or the same source as ordinary Python."""

from types import SimpleNamespace

from sfu.fastpath.kernel import entry_points
from sfu.fastpath.kernel.native import prepare, uncompiled


def prepare_kernel() -> None:
    """Compile the kernel (some 25 s, once) or load it from the cache (0.2 s)."""
    for name, arity in entry_points.ENTRY_POINTS.items():
        prepare(getattr(entry_points, name), arity)


def load_kernel(*, compiled: bool) -> SimpleNamespace:
    """The entry points by name."""
    functions = {name: getattr(entry_points, name) for name in entry_points.ENTRY_POINTS}
    if not compiled:
        return SimpleNamespace(**{name: uncompiled(function) for name, function in functions.items()})
    prepare_kernel()
    return SimpleNamespace(**functions)
