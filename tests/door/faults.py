"""Attacks and faults that need no tool of their own: nothing at all, wrong passwords, a database that
somebody else holds, a media worker that hangs."""

import asyncio
import os
import signal
import sqlite3
import ssl
import time

import aiohttp

from tests.door.target import AttackFigures, Target
from tests.support.appliance import PASSWORD


def tls(target: Target) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=target.ca_file)


def server(target: Target) -> str:
    return f"https://{target.address}:{target.https_port}"


async def nothing(_: Target, seconds: float) -> AttackFigures:
    """What the harness itself adds."""
    await asyncio.sleep(seconds)
    return AttackFigures(0, seconds)


async def wrong_passwords(target: Target, seconds: float) -> AttackFigures:
    """14 wrong tries for the chair's login from one address, then more of them whenever it is allowed. The
    chair signs in from another address meanwhile, once a second."""
    begun = time.monotonic()
    tries = owner_refused = owner_tries = 0
    attacker = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    owner = aiohttp.TCPConnector(local_addr=("127.0.0.3", 0))
    url = f"https://127.0.0.1:{target.https_port}"

    async def sign_in(http: aiohttp.ClientSession, password: str) -> int:
        who = {"account": target.victim, "password": password}
        async with http.post(
            f"{url}/api/session", json=who, ssl=tls(target), headers={"Origin": url}
        ) as answer:
            return answer.status

    async with (
        aiohttp.ClientSession(connector=attacker) as bad,
        aiohttp.ClientSession(connector=owner) as good,
    ):
        for _ in range(14):
            await sign_in(bad, "sai")
            tries += 1
        while time.monotonic() - begun < seconds:
            await sign_in(bad, "sai")
            status = await sign_in(good, PASSWORD)
            tries, owner_tries = tries + 1, owner_tries + 1
            owner_refused += status != 200
            await asyncio.sleep(1)
    more = {"owner_tries": float(owner_tries), "owner_refused": float(owner_refused)}
    return AttackFigures(tries, time.monotonic() - begun, more)


async def database_held(target: Target, seconds: float) -> AttackFigures:
    """Another process holds the database. The chair's orders are among what the bystanders do."""

    def hold() -> None:
        database = sqlite3.connect(target.database, isolation_level=None, timeout=10)
        try:
            database.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            database.execute("ROLLBACK")
        finally:
            database.close()

    await asyncio.to_thread(hold)
    return AttackFigures(1, seconds)


async def worker_hangs(target: Target, seconds: float) -> AttackFigures:
    """The media worker is stopped for good; the supervisor has to notice."""
    os.kill(target.worker_pid, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    return AttackFigures(1, seconds)
