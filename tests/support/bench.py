"""What every bench does: it goes first on the machine, and keeps its figures."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console


def go_first() -> None:
    """What else the machine does is not part of the measurement, as far as we may decide that."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)


def keep(out: Path, report: Mapping[str, object], console: Console) -> None:
    """Write the figures, and say where."""
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    console.print(f"written to {out}")
