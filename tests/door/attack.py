"""One attack, in a process of its own: python -m tests.door.attack MODULE:FUNCTION SECONDS

Reads the Target on its standard input, writes the AttackFigures on its standard output."""

import asyncio
import importlib
import os
import sys
from collections.abc import Awaitable, Callable

import msgspec

from tests.door.target import AttackFigures, Target

Attack = Callable[[Target, float], Awaitable[AttackFigures]]


def find(name: str) -> Attack:
    """name: "module:function"; the module is one of tests/door."""
    module, _, function = name.partition(":")
    found: Attack = getattr(importlib.import_module(f"tests.door.{module}"), function)
    return found


def main() -> None:
    name, seconds = sys.argv[1:]
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    target = msgspec.json.decode(sys.stdin.buffer.read(), type=Target)

    async def run() -> AttackFigures:
        return await find(name)(target, float(seconds))

    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(run())))


if __name__ == "__main__":
    main()
