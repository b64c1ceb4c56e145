"""Hostile pages against a whole appliance: real sockets, real packets, a listener who hears what gets
through.

Each enemy sends one voice ("open") while it may speak, and another ("secret") while it may not; no packet of
a secret voice may reach the listener.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from deploy.config import Config
from deploy.simulate.command import trusted
from deploy.simulate.point import BridgePoint
from deploy.simulate.view import Identity, View
from sfu import Source
from signaling import protocol as m
from signaling.http.context import COOKIE
from signaling.model.words import FloorMode, Role, SeatState, Why
from signaling.protocol import encode
from tests.support.appliance import PASSWORD, Appliance, running
from tests.support.enemy import Enemy
from tests.support.forgery import forge
from tests.support.hostility import Tally
from tests.support.voice_mark import Ear, voice

pytestmark = [
    pytest.mark.hostile,
    pytest.mark.loopback,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]
WAIT_S = 30.0
FRAMES = 60
"""By one enemy in one test."""
FLOOD = 400
HARMLESS = ("leave", "withdraw", "knock", "ping", "hello", "offer", "end-check", "check-line")
"""Messages that would end or change the enemy's own place in the test."""
MUST_BE_REFUSED = ("self-unmute", "names an actor", "unknown", "replayed")


class Briefing:
    """A meeting with a chair, and a listener inside."""

    def __init__(self, appliance: Appliance, meeting: str, chair: BridgePoint, listener: BridgePoint) -> None:
        self.appliance, self.meeting, self.chair, self.listener = appliance, meeting, chair, listener
        self.tls = trusted(Config(state=str(appliance.state)), local=True)
        self.voices = {f"{what}{n}": voice(n + 3 * (what == "secret")) for n in range(3) for what in WORDS}
        self.ear = Ear(self.voices)

    async def enemy(self, stack: AsyncExitStack, number: int, role: Role = Role.DELEGATE) -> Enemy:
        login = await self.appliance.add_account(role, f"Enemy {number}", "test-noi")
        enemy = Enemy(
            self.appliance.url,
            self.meeting,
            login,
            await self.appliance.token(login),
            self.tls,
            self.voices[f"open{number}"],
        )
        return await stack.enter_async_context(enemy)

    async def inside(self, stack: AsyncExitStack, number: int, role: Role = Role.DELEGATE) -> Enemy:
        enemy = await self.enemy(stack, number, role)
        assert await enemy.come(None, f"Enemy {number}") is SeatState.WAITING
        await self.chair.send(m.Admit(enemy.participant))
        while (await enemy.hear(m.SeatChanged)).seat is not SeatState.ADMITTED:
            pass
        return enemy

    async def order(self, message: m.ClientMessage, gate: str, *enemies: Enemy) -> None:
        """The chair's order, and everybody's microphone follows it."""
        await self.chair.send(message)
        for enemy in enemies:
            await self.chair.wait_for(lambda view, who=enemy.participant: gate in gate_of(view, who), WAIT_S)  # type: ignore[misc]

    def secrets_heard(self, tally: Tally, kind: str) -> list[str]:
        heard = [f"{name}: {count}" for name, count in self.ear.heard.items() if name.startswith("secret")]
        for what in heard:
            tally.leak(kind, what)
        return heard


WORDS = ("open", "secret")


def gate_of(view: View, participant: str) -> tuple[str, ...]:
    rows = view.roster.participants if view.roster is not None else ()
    return next((row.microphone.gate for row in rows if row.id == participant), ())


async def point(appliance: Appliance, role: Role, meeting: str, index: int) -> BridgePoint:
    login = await appliance.add_account(role, role.value, "test-bgd")
    who = Identity(index, {COOKIE: await appliance.token(login)}, "test-bgd", role.value.title())
    return BridgePoint(appliance.url, meeting, who, trusted(Config(state=str(appliance.state)), local=True))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def appliance(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Appliance]:
    async with running(Path(tmp_path_factory.mktemp("appliance"))) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def briefing(appliance: Appliance) -> AsyncIterator[Briefing]:
    meeting = await appliance.add_meeting("Bị vây")
    chair = await point(appliance, Role.CHAIR, meeting, 43)
    listener = await point(appliance, Role.OPERATOR, meeting, 44)
    runs = [asyncio.create_task(one.run()) for one in (chair, listener)]
    for one in (chair, listener):
        await one.wait_for(lambda view: view.sending, WAIT_S)
        await one.send(m.SetSource(Source.MICROPHONE, on=False))
    here = Briefing(appliance, meeting, chair, listener)
    here.ear.on(listener.media)
    yield here
    for run in runs:
        run.cancel()
    await asyncio.wait(runs)


def frames(seed: int, people: list[str], must: bool) -> list[tuple[str, str]]:
    """(kind, frame): what is refused to everyone, or also what a delegate may ask."""
    chance, out = random.Random(seed), list[tuple[str, str]]()
    staff = [
        encode(x) for x in (m.Unmute(people[0]), m.MuteAll(), m.InviteNext(), m.AdmitAll(), m.Lock(True))
    ]
    while len(out) < FRAMES:
        forged = forge(chance, people, staff)
        if (forged.kind in MUST_BE_REFUSED) is must and not _is_own_exit(forged.text):
            out.append((forged.kind, forged.text))
    return out


def _is_own_exit(frame: str) -> bool:
    return any(f'"{name}"' in frame for name in HARMLESS)


async def assail(enemies: list[Enemy], tally: Tally, kind: str) -> None:
    """Everybody sends everything: first what none of them may, then what some may."""

    async def one(number: int, enemy: Enemy) -> None:
        people = [other.participant for other in (enemy, *enemies)]
        for must in (True, False):
            chosen = frames(number, people, must)
            refusals = await enemy.bombard(frame for _, frame in chosen)
            for what, _ in chosen:
                tally.attempt(f"{kind}: {what}")
            if must and refusals != len(chosen):
                tally.leak(kind, f"{len(chosen) - refusals} frames were not refused")

    await asyncio.gather(*(one(number, enemy) for number, enemy in enumerate(enemies)))
    assert tally.leaks == []


async def test_a_muted_participant_is_not_heard_whatever_they_send_and_however_often_they_return(
    briefing: Briefing, tally: Tally
) -> None:
    async with AsyncExitStack() as stack:
        enemies = [await briefing.inside(stack, number) for number in range(3)]
        for number, enemy in enumerate(enemies):
            await enemy.open_media()
            await enemy.say(m.SetSource(Source.MICROPHONE, on=True))
            await briefing.ear.hears(f"open{number}", WAIT_S)  # a real voice, and the listener hears it
        await briefing.order(m.MuteAll(), "host", *enemies)
        for number, enemy in enumerate(enemies):
            enemy.speak(briefing.voices[f"secret{number}"])
        await assail(enemies, tally, "muted")
        for enemy in enemies:
            assert enemy.welcome is not None
            for resume in (enemy.welcome.session, None, None):  # the same page, then other devices
                await enemy.connect(resume)
                await enemy.open_media()
                refused = await enemy.bombard([encode(m.SetSource(Source.MICROPHONE, on=True))] * 3)
                tally.attempt("muted: returns, and opens", 3)
                assert refused == 3
        await asyncio.gather(*(enemy.bombard([]) for enemy in enemies))
        for enemy in enemies:
            assert "host" in gate_of(briefing.chair.view, enemy.participant)
        assert briefing.secrets_heard(tally, "muted") == []


async def test_a_participant_without_the_floor_is_not_heard(briefing: Briefing, tally: Tally) -> None:
    async with AsyncExitStack() as stack:
        enemies = [await briefing.inside(stack, number) for number in range(2)]
        for enemy in enemies:
            await enemy.open_media()
        await briefing.order(m.SetRules(FloorMode.ORDERED), "floor", *enemies)
        for number, enemy in enumerate(enemies):
            enemy.speak(briefing.voices[f"secret{number}"])
        await assail(enemies, tally, "without the floor")
        assert briefing.secrets_heard(tally, "without the floor") == []
        assert briefing.chair.view.floor is not None
        assert briefing.chair.view.floor.mode is FloorMode.ORDERED
        assert briefing.chair.view.floor.turns == ()


async def test_before_admission_and_after_removal_nobody_is_heard_and_a_ban_holds_for_the_account(
    briefing: Briefing, tally: Tally
) -> None:
    async with AsyncExitStack() as stack:
        waits = await briefing.enemy(stack, 0)
        assert await waits.come(None, "Enemy") is SeatState.WAITING
        waits.speak(briefing.voices["secret0"])
        with pytest.raises(ConnectionError, match=Why.NOT_ADMITTED):
            await waits.open_media()
        await waits.open_media(check=True)
        await assail([waits], tally, "waiting")

        removed = await briefing.inside(stack, 1)
        await removed.open_media()
        await removed.say(m.SetSource(Source.MICROPHONE, on=True))
        await briefing.ear.hears("open1", WAIT_S)
        await briefing.chair.send(m.Ban(removed.participant, "Quấy rối"))
        assert (await removed.until_bye()).code in (Why.KICKED, Why.BANNED)
        removed.speak(briefing.voices["secret1"])
        login = removed.account
        for _ in range(5):  # new cookies, new sessions: the same account
            removed.cookie = await signed_in(briefing, login)
            welcome = await removed.connect()
            assert welcome.seat is SeatState.REFUSED
            chosen = [encode(x) for x in (m.Knock("test-nhi", "Khác"), m.Offer("v=0"), m.AdmitAll())] * 5
            assert await removed.bombard(chosen) == len(chosen)
            tally.attempt("banned: returns with new cookies", len(chosen))
        assert briefing.secrets_heard(tally, "outside") == []
        assert briefing.chair.view.roster is not None
        assert len(briefing.chair.view.roster.participants) == 2


async def signed_in(briefing: Briefing, login: str) -> str:
    """A cookie by password, as a browser gets it."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        body = json.dumps({"account": login, "password": PASSWORD})
        headers = {"Origin": briefing.appliance.url, "Content-Type": "application/json"}
        address = f"{briefing.appliance.url}/api/session"
        async with http.post(address, data=body, ssl=briefing.tls, headers=headers) as answer:
            assert answer.status in (200, 204), await answer.text()
            return answer.cookies[COOKIE].value


async def test_a_technician_gets_no_media_until_the_chair_permits_it(
    briefing: Briefing, tally: Tally
) -> None:
    async with AsyncExitStack() as stack:
        technician = await briefing.inside(stack, 2, Role.TECHNICIAN)
        technician.speak(briefing.voices["secret2"])
        for _ in range(5):
            with pytest.raises(ConnectionError, match=Why.NEEDS_PERMISSION):
                await technician.open_media()
            tally.attempt("technician: offers")
        await assail([technician], tally, "technician")
        assert briefing.secrets_heard(tally, "technician") == []


async def test_a_flood_ends_only_the_session_that_sends_it(briefing: Briefing, tally: Tally) -> None:
    async with AsyncExitStack() as stack:
        enemy = await briefing.inside(stack, 0)
        frame = encode(m.Unmute(enemy.participant))
        with suppress(ConnectionResetError):  # it may be ended before all is said
            for _ in range(FLOOD):
                await enemy.say(frame)
        tally.attempt("flood", FLOOD)
        with suppress(ConnectionError):  # it was cut before it had read why
            assert (await enemy.until_bye()).code is Why.TOO_FAST
        with pytest.raises(ConnectionError):
            await enemy.until_bye()
        await briefing.chair.send(m.Ping(77))
        await briefing.chair.wait_for(lambda view: view.pong == 77)
