"""People at their browsers, and the meeting that brings them together.

Only this file knows how the product's screens are found: by the data-testid of web/screens.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypedDict, Unpack

from msgspec.structs import replace as changed

from signaling.model.words import Role
from tests.support.appliance import PASSWORD, Appliance
from tests.support.bad_link_relay import BadLink
from tests.support.browser import Browser, Page, PageError
from tests.support.browser.behind import put_behind
from tests.support.browser.devices import (
    HEARD_DB,
    SILENT_DB,
    Devices,
    Picture,
    equip,
    loudness,
    packets_sent,
    pictures,
    watch,
)

COLOURS = ("#c02020", "#2020c0", "#20a020", "#a020a0")
TONES_HZ = (500, 730, 1110, 1650)
LAPTOP = (1366, 768)
PHONE = (390, 844)
MEDIA_S = 30.0
"""How long until media flows: encoders and ICE of several browsers start at once on two cores."""
RETURN_S = 45.0
"""How long until a browser is back by itself after a process was killed."""

Kind = Literal["chromium", "firefox"]


def tid(name: str) -> str:
    return f"[data-testid={name}]"


@dataclass
class Person:
    """Somebody at a browser."""

    page: Page
    appliance: Appliance
    meeting: str
    login: str
    name: str
    devices: Devices
    link: BadLink | None = None
    """The bad link between this person and the appliance; None: a good line."""

    # --- the way in ---

    async def open_door(self, meeting: str | None = None) -> None:
        server = self.appliance if self.link is None else self.link
        await self.page.goto(f"{server.url}/m/{meeting or self.meeting}")

    async def sign_in(self, password: str = PASSWORD) -> None:
        await self.page.fill(tid("door-account"), self.login)
        await self.page.fill(tid("door-password"), password)
        await self.page.click(tid("door-submit"))

    async def walk_in(self) -> None:
        """From the address straight to the meeting, as staff can."""
        await self.open_door()
        await self.sign_in()
        await self.page.click(tid("green-enter"))
        await self.is_inside()

    async def knock(self) -> None:
        """Through the green room into the lobby."""
        await self.page.click(tid("green-enter"))
        await self.is_waiting()

    async def knock_again(self) -> None:
        """Knock again after a refusal."""
        await self.page.click(tid("refused-again"))
        await self.knock()

    async def choose_unit(self, unit: str) -> None:
        """Set the list as a keyboard would: the popup of a list is not part of the page."""
        await self.page.run(
            f"(() => {{ const list = document.querySelector('{tid('green-unit')}'); list.value = '{unit}';"
            " list.dispatchEvent(new Event('change', { bubbles: true })); return ''; })()"
        )

    async def is_waiting(self) -> None:
        await self.page.wait_shown(tid("waiting"))

    async def is_sent_away(self, code: str) -> None:
        """The last screen, and the reason on it."""
        await self.page.wait_for(
            f"document.querySelector('{tid('ended-reason')}')?.dataset.code === '{code}'"
        )

    async def reads(self, words: str) -> None:
        quoted = words.replace("'", "\\'")
        await self.page.wait_for(f"document.body.innerText.includes('{quoted}')")

    async def come_to_the_lobby(self) -> None:
        await self.open_door()
        await self.sign_in()
        await self.knock()

    async def is_inside(self, deadline_s: float = MEDIA_S) -> None:
        """In the meeting, with the media transport up."""
        await self.page.wait_shown(tid("bar-microphone"), deadline_s)
        await self.page.wait_for("probe.state() === 'connected'", deadline_s)

    async def own_id(self) -> str:
        """The participant's id."""
        await self.page.wait_for("probe.told('welcome')")
        return await self.page.evaluate("probe.told('welcome').participant", str)

    # --- what a person does ---

    async def switch(self, source: Literal["microphone", "camera", "screen"], on: bool) -> None:
        """Press until the server confirms it."""
        button = tid(f"bar-{source}")
        wanted = "open" if on else "self"
        if await self.page.evaluate(f"document.querySelector('{button}').dataset.state", str) != wanted:
            await self.page.click(button)
        await self.page.wait_for(f"document.querySelector('{button}').dataset.state === '{wanted}'")

    async def ask(self, button: str, reason: str) -> None:
        """Press a button that needs a permission, and say why."""
        await self.page.click(tid(button))
        await self.page.fill(tid("ask-reason"), reason)
        await self.page.click(tid("ask-send"))
        await self.close_sheet()

    async def close_sheet(self) -> None:
        await self.page.press("Escape")
        await self.page.wait_for("!document.querySelector('dialog[open]')")

    async def leave(self) -> None:
        """Leave, with or without permission."""
        await self.page.click(tid("bar-leave"))
        go, anyway = tid("leave-go"), tid("leave-now")
        await self.page.wait_for(f"document.querySelector('{go}, {anyway}')")
        if await self.page.exists(go):
            await self.page.click(go)
        else:
            await self.page.click(anyway)
            await self.confirm()
        await self.is_sent_away("left")

    async def confirm(self, reason: str = "") -> None:
        if reason:
            await self.page.fill(tid("dialog-reason"), reason)
        await self.page.click(tid("dialog-confirm"))

    # --- what an operator does ---

    async def lobby_card(self, who: "Person") -> str:
        """The text on the card of somebody who waits."""
        knock = await self.knock_of(who)
        return await self.page.text(f"{tid('lobby-card')}[data-knock='{knock}']")

    async def admit(self, who: "Person") -> None:
        await self._lobby_click(who, "lobby-admit")
        await who.is_inside()

    async def refuse(self, who: "Person", reason: str) -> None:
        await self._lobby_click(who, "lobby-refuse")
        await self.confirm(reason)

    async def act_on(self, who: "Person", action: str) -> None:
        """With the button in the roster, or the menu behind "more": web/state/person-acts.js."""
        await self.page.click(tid("tab-people"))
        row = f"{tid('roster-row')}[data-participant='{await who.own_id()}']"
        await self.open_tab("people")
        if action in ("mute", "unmute"):
            await self.page.click(f"{row} {tid(f'roster-{action}')}")
        else:
            await self.page.click(f"{row} {tid('roster-more')}")
            await self.page.click(tid(f"act-{action}"))

    async def open_tab(self, name: Literal["floor", "people", "lines"]) -> None:
        """Of the paper beside the stage."""
        await self.page.click(tid(f"tab-{name}"))

    async def decide(self, who: "Person", permission: str, granted: bool) -> None:
        """Answer the card of somebody's request."""
        whose = f"[data-participant='{await who.own_id()}'][data-permission='{permission}']"
        answer = tid("request-yes" if granted else "request-no")
        await self.page.click(f"{tid('request-card')}{whose} {answer}")

    async def _lobby_click(self, who: "Person", button: str) -> None:
        knock = await self.knock_of(who)
        await self.page.click(f"{tid('lobby-card')}[data-knock='{knock}'] {tid(button)}")

    async def knock_of(self, who: "Person") -> str:
        """Cards carry the knock's id; the name on the card tells whose it is."""
        cards = f"[...document.querySelectorAll('{tid('lobby-card')}')]"
        find = f"{cards}.find((card) => card.textContent.includes('{who.name}'))"
        await self.page.wait_for(find)
        return await self.page.evaluate(f"{find}.dataset.knock", str)

    # --- the floor ---

    async def set_order(self, mode: Literal["open", "moderated", "ordered"], turn_s: int) -> None:
        """With the chair's sheet; a time per turn that it does not offer is sent to the server directly."""
        await self._rules()
        await self.page.click(tid(f"rules-mode-{mode}"))
        await self.page.click(tid("rules-save"))
        await self.page.do(f"probe.say({{type: 'set-rules', turn_s: {turn_s}}})")
        floor = "probe.told('floor')"
        await self.page.wait_for(f"{floor}?.mode === '{mode}' && {floor}.turn_s === {turn_s}")

    async def go_round(self) -> None:
        await self._rules()
        await self.page.click(tid("go-round"))
        await self.page.wait_for("probe.told('floor').go_round")

    async def _rules(self) -> None:
        await self.page.click(tid("bar-more"))
        await self.page.click(tid("bar-rules"))
        await self.page.wait_shown(tid("rules-save"))

    async def raise_hand(self) -> None:
        await self.page.click(tid("bar-hand"))
        await self.page.wait_for(f"document.querySelector('{tid('bar-hand')}').dataset.place > 0")

    async def invite_next(self) -> None:
        """The chair's big button."""
        await self.page.click(tid("bar-next"))

    async def speak_when_invited(self) -> None:
        await self.page.click(tid("granted-speak"))
        await self.page.wait_for(f"document.querySelector('{tid('granted')}').dataset.state === 'open'")

    async def reads_queue(self, people: Sequence["Person"]) -> None:
        """Everybody reads the same order."""
        wanted = [await who.own_id() for who in people]
        items = (
            f"[...document.querySelectorAll('{tid('queue-item')}')].map((item) => item.dataset.participant)"
        )
        await self.page.wait_for(f"JSON.stringify({items}) === JSON.stringify({wanted})")

    # --- what a person sees and hears ---

    async def sees(self, other: "Person", deadline_s: float = MEDIA_S) -> Picture:
        """The other person's picture is shown, and it moves. Returns the largest."""
        return await self.sees_colour(other.devices.colour, deadline_s)

    async def sees_colour(self, colour: str, deadline_s: float = MEDIA_S) -> Picture:
        last: list[Picture] = []
        seen: Picture | None = None
        for _ in range(round(deadline_s / 0.3)):
            last = await pictures(self.page)
            here = [p for p in last if p.counter >= 0 and p.is_like(colour)]
            if here:
                if seen is not None and here[0].counter != seen.counter:
                    return max(here, key=lambda picture: picture.width)
                seen = here[0]
            await asyncio.sleep(0.3)
        raise PageError(f"{self.name} does not see {colour}: {last}\n{await self.page.describe()}")

    async def sees_no_more(self, other: "Person", deadline_s: float = 10.0) -> None:
        for _ in range(round(deadline_s / 0.3)):
            if not any(p.is_like(other.devices.colour) for p in await pictures(self.page)):
                return
            await asyncio.sleep(0.3)
        raise PageError(f"{self.name} still sees {other.name}")

    async def hears(self, other: "Person", deadline_s: float = MEDIA_S) -> None:
        hz = other.devices.tone_hz
        await self.page.wait_for(f"probe.loudness({hz}).then((level) => level > {HEARD_DB})", deadline_s)

    async def hears_no_more(self, other: "Person", deadline_s: float = 10.0) -> None:
        """Silence begins, and lasts longer than any buffer could hold sound back."""
        hz = other.devices.tone_hz
        await self.page.wait_for(f"probe.loudness({hz}).then((level) => level < {SILENT_DB})", deadline_s)
        for _ in range(3):
            level = await loudness(self.page, hz)
            if level > SILENT_DB:
                raise PageError(f"{self.name} hears {other.name} again: {level} dBFS")

    async def keeps_sending(self, kind: Literal["audio", "video"], deadline_s: float = 5.0) -> None:
        """Packets leave this browser."""
        before = await packets_sent(self.page, kind)
        await self.page.wait_for(f"probe.sent('{kind}').then((now) => now > {before + 20})", deadline_s)

    async def microphone(self) -> str:
        """What the person's own button says: "open", "self" or "host"."""
        return await self.page.evaluate(
            f"document.querySelector('{tid('bar-microphone')}').dataset.state", str
        )

    async def microphone_of(self, other: "Person", wanted: Literal["open", "shut", "host"]) -> None:
        """The roster says so."""
        row = f'{tid("roster-row")}[data-participant="{await other.own_id()}"]'
        await self.page.wait_for(f"document.querySelector('{row}')?.dataset.microphone === '{wanted}'")

    async def microphone_waits(self) -> None:
        """The microphone waits for the floor."""
        await self.page.wait_for(
            f"document.querySelector('{tid('bar-microphone')}').dataset.state === 'floor'"
        )

    async def sees_time_over(self, other: "Person") -> None:
        """On the card of the person who has the floor."""
        card = f'{tid("turn")}[data-participant="{await other.own_id()}"]'
        await self.page.wait_for(f"document.querySelector('{card}')?.dataset.phase === 'over'")

    async def presence_of(self, other: "Person", wanted: str, deadline_s: float) -> None:
        """The roster says so."""
        row = f'{tid("roster-row")}[data-participant="{await other.own_id()}"]'
        await self.page.wait_for(
            f"document.querySelector('{row}')?.dataset.presence === '{wanted}'", deadline_s
        )


class DeviceOptions(TypedDict, total=False):
    """How a person's devices differ from the usual ones; the words are those of Devices."""

    colour: str
    tone_hz: int
    camera: str
    microphone: str
    stubborn: bool
    width: int
    height: int
    fps: int
    loudness: float
    grain: float
    portrait: bool


@dataclass
class Gathering:
    """A meeting and the people who came."""

    appliance: Appliance
    browsers: Mapping[Kind, Browser]
    meeting: str
    people: list[Person] = field(default_factory=list)

    @classmethod
    async def call(cls, appliance: Appliance, browsers: Mapping[Kind, Browser]) -> "Gathering":
        return cls(appliance, browsers, await appliance.add_meeting("Giao ban thử"))

    async def person(
        self,
        kind: Kind,
        role: Role = Role.DELEGATE,
        *,
        name: str | None = None,
        unit: str | None = "test-noi",
        login: str | None = None,
        viewport: tuple[int, int] = LAPTOP,
        link: BadLink | None = None,
        **options: Unpack[DeviceOptions],
    ) -> Person:
        """A new person at a browser of their own. With `login`, an existing account; with `link`, the browser
        is behind it."""
        number = len(self.people)
        if name is None:
            name = f"{role.value.capitalize()} {number + 1}"
        if login is None:
            login = await self.appliance.add_account(role, name, unit)
        devices = changed(Devices(COLOURS[number % 4], TONES_HZ[number % 4]), **options)
        page = await self.browsers[kind].new_page()
        person = Person(page, self.appliance, self.meeting, login, name, devices, link)
        self.people.append(person)
        await page.set_viewport(*viewport)
        await equip(page, devices)
        if link is not None:
            await put_behind(page, link)
        return person

    async def bare_person(self, browser: Browser) -> Person:
        """A delegate with the browser's own devices."""
        name = f"Delegate {len(self.people) + 1}"
        login = await self.appliance.add_account(Role.DELEGATE, name, "test-noi")
        page = await browser.new_page()
        person = Person(page, self.appliance, self.meeting, login, name, Devices(COLOURS[0], TONES_HZ[0]))
        self.people.append(person)
        await page.set_viewport(*LAPTOP)
        await watch(page)
        return person

    async def operator(
        self, *, viewport: tuple[int, int] = LAPTOP, **options: Unpack[DeviceOptions]
    ) -> Person:
        """An operator who is in the meeting."""
        who = await self.person("chromium", Role.OPERATOR, unit="test-tchc", viewport=viewport, **options)
        await who.walk_in()
        return who

    async def part(self) -> None:
        for who in self.people:
            await who.page.close()
