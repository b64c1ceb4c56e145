"""How many random examples a test takes: all of them in CI, a quarter of them on a developer's machine."""

import os


def examples(in_ci: int) -> int:
    """Elsewhere the examples are also new ones in each run: see tests/conftest.py."""
    return in_ci if os.environ.get("CI") else in_ci // 4
