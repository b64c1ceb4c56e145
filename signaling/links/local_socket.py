"""Connecting to another process of this server, which may not be up yet, or may be restarting."""

import asyncio
from pathlib import Path

RETRY_S = 0.1
MAX_RETRY_S = 1.0


async def connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to its Unix socket as soon as it answers there."""
    retry_s = RETRY_S
    while True:
        try:
            return await asyncio.open_unix_connection(path)
        except OSError:
            await asyncio.sleep(retry_s)
            retry_s = min(MAX_RETRY_S, retry_s * 2)
