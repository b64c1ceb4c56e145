"""A development server for looking at the screens: serves /work/web2 and speaks the protocol from a script.

    /work/main/.venv/bin/python /work/web2-tests/serve.py [port]     then http://localhost:<port>/

The account's name chooses the scene (any password but "wrong"; account "slow" is throttled; meeting "none" is unknown):

    delegate   green room -> waits -> admitted after 6 s     quick      the same, admitted after 1 s
    refused    green room -> waits -> refused after 2 s      ended      in the meeting, the chair ends it after 8 s
    chair, operator   green room -> in at once, 5 knocks in the lobby, a new one every 20 s
    inside     at once in the meeting (roster of 8)          muted      inside, microphone shut by the host
    kicked     inside, removed with a reason after 8 s       taken      inside, taken over after 8 s
    drop       inside, the line is cut after 8 s             empty      inside, alone
    no-unit    like delegate, the account has no unit of its own        many   inside, roster of 40
    sharing    inside, somebody shares a screen
There is no media: offers are refused (media-unavailable), slots are announced without pictures.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import WSMsgType, web

sys.path.insert(0, "/work/main")
from signaling.guards import SECURITY_HEADERS  # noqa: E402
from signaling.pages import Pages  # noqa: E402

WEB = Path("/work/web2")
CENTRE = "Trung tâm Y tế huyện Nậm Sơn"
UNITS = [
    ("bgd", "Ban Giám đốc", "Ban Giám đốc", "board"),
    ("tchc", "Phòng Tổ chức - Hành chính", "Tổ chức", "office"),
    ("khnv", "Phòng Kế hoạch - Nghiệp vụ", "Kế hoạch", "office"),
    ("noi", "Khoa Nội tổng hợp", "Khoa Nội", "department"),
    ("nhi", "Khoa Nhi", "Khoa Nhi", "department"),
    ("cc2", "Khoa Cấp cứu cơ sở 2", "Cấp cứu CS2", "department"),
    ("tyt-caukeo", "Trạm Y tế xã Cầu Kèo", "Cầu Kèo", "station"),
    ("tyt-taphin", "Trạm Y tế xã Tả Phìn", "Tả Phìn", "station"),
    ("tyt-bando", "Trạm Y tế xã Bản Đô", "Bản Đô", "station"),
]
UNIT_VIEWS = [dict(zip(("id", "name", "short", "kind"), unit, strict=True)) for unit in UNITS]
NAMES = ["BS. Nguyễn Thị Hoa", "CN. Trần Văn Bình", "BS. Lê Minh Đức", "BS. Phạm Thu Hà", "ĐD. Vàng A Páo",
         "BS. Hoàng Văn Sơn", "YS. Giàng A Sử", "YS. Lò Thị Mai", "YS. Đỗ Quang Huy"]  # fmt: skip
SCENES_INSIDE = {"inside", "muted", "kicked", "taken", "drop", "empty", "many", "ended", "sharing"}


def now_ms() -> int:
    return int(time.time() * 1000)


def source(*gate: str, flowing: bool | None = None) -> dict:
    return {"gate": list(gate), "flowing": not gate if flowing is None else flowing}


def person(number: int, role: str = "delegate") -> dict:
    unit = UNITS[number % len(UNITS)]
    return {"id": f"p{number}", "unit": unit[0], "name": NAMES[number % len(NAMES)], "role": role,
            "present": [6, None, 12, 4][number % 4], "total": [8, None, 12, 5][number % 4], "online": number != 5,
            "since": now_ms() - 600_000, "microphone": source(*([] if number == 3 else ["self", "host"] if number == 6 else ["self"])),
            "camera": source(*(["self"] if number == 4 else []), flowing=number not in (4, 5, 7)),
            "screen": source("self"), "quality": ["good", "good", "fair", "good", "poor", "unknown"][number % 6]}  # fmt: skip


def knock(number: int) -> dict:
    unit = UNITS[(number + 3) % len(UNITS)]
    return {"id": f"k{number}", "unit": unit[0], "name": NAMES[(number + 4) % len(NAMES)],
            "role": "technician" if number == 3 else "delegate", "present": 4 if number % 2 else None,
            "total": 5 if number % 2 else None, "since": now_ms() - 90_000 + number * 15_000,
            "expected": number != 2, "online": number != 4}  # fmt: skip


SLOTS = (["audio"] * 3) + ["stage", "screen"] + ["tile"] * 12


@dataclass
class Scene:
    account: str
    socket: web.WebSocketResponse
    seat: str = "outside"
    me: dict = field(default_factory=dict)
    others: list[dict] = field(default_factory=list)
    knocks: list[dict] = field(default_factory=list)
    tiles: list[str] = field(default_factory=list)
    version: int = 0
    tasks: set[asyncio.Task] = field(default_factory=set)

    @property
    def role(self) -> str:
        return self.account if self.account in ("chair", "operator") else "delegate"

    async def send(self, kind: str, **fields: object) -> None:
        if not self.socket.closed:
            await self.socket.send_str(json.dumps({"type": kind, **fields}))

    def later(self, seconds: float, work) -> None:
        async def run() -> None:
            await asyncio.sleep(seconds)
            await work()

        task = asyncio.ensure_future(run())
        self.tasks.add(task)

    async def roster(self) -> None:
        self.version += 1
        people = [*self.others[:4], self.me, *self.others[4:]] if self.seat == "admitted" else []
        await self.send("roster", version=self.version, participants=people)

    async def lobby(self) -> None:
        self.version += 1
        await self.send("lobby", version=self.version, knocks=self.knocks)

    async def slots(self) -> None:
        views = []
        tiles = iter(self.tiles)
        for mid, kind in enumerate(SLOTS, 3):
            who = {"stage": "p3", "audio": "p3" if mid == 3 else None}.get(kind) if self.others else None
            if kind == "tile":
                who = next(tiles, None)
            if kind == "screen" and self.account == "sharing":
                who = "p2"
            of = {"audio": "microphone", "screen": "screen"}.get(kind, "camera")
            views.append({"mid": str(mid), "kind": kind, "participant": who, "source": of if who else None})
        await self.send("slots", slots=views)
        await self.send("speakers", heard=["p3"] if self.others else [], stage="p3" if self.others else None)

    async def greet(self, meeting: str) -> None:
        own = None if self.account == "no-unit" else "bgd" if self.role == "chair" else "tyt-taphin"
        name = "YS. Giàng A Phừ" if self.role == "delegate" else "BS. Nguyễn Thị Hoa"
        if self.account in SCENES_INSIDE:
            self.enter(own or "bgd", name, 4, 5)
        await self.send("welcome", session=f"s{now_ms()}", participant="me", role=self.role, unit=own, name=name,
                        meeting={"code": meeting, "title": "Giao ban hằng ngày", "centre": CENTRE}, units=UNIT_VIEWS,
                        seat=self.seat, reason="", now=now_ms(), seat_grace_s=300)  # fmt: skip
        if self.role != "delegate":
            self.knocks = [knock(n) for n in range(5)]
            await self.lobby()
            self.later(20, self.another_knock)
        if self.seat == "admitted":
            await self.roster()
        endings = {"kicked": ("kicked", "Vào nhầm cuộc họp, mời vào phòng của khoa."), "taken": ("taken-over", ""), "ended": ("ended", "")}
        if self.account in endings:
            code, reason = endings[self.account]
            self.later(8, lambda: self.bye(code, reason))
        if self.account == "drop":
            self.later(8, self.socket.close)

    async def another_knock(self) -> None:
        self.knocks.append(knock(5 + int(time.time()) % 90))
        await self.lobby()
        self.later(20, self.another_knock)

    async def bye(self, code: str, reason: str = "") -> None:
        await self.send("bye", code=code, reason=reason)
        await self.socket.close()

    def enter(self, unit: str, name: str, present: int | None, total: int | None) -> None:
        self.seat = "admitted"
        size = {"empty": 0, "many": 39}.get(self.account, 7)
        self.others = [person(n, "chair" if n == 0 and self.role != "chair" else "delegate") for n in range(size)]
        if self.account == "sharing":
            self.others[2]["screen"] = source()
        host = ["host"] if self.account == "muted" else []
        self.me = {"id": "me", "unit": unit, "name": name, "role": self.role, "present": present, "total": total,
                   "online": True, "since": now_ms(), "microphone": source("self", *host), "camera": source("self"),
                   "screen": source("self"), "quality": "good"}  # fmt: skip

    async def admit(self) -> None:
        self.seat = "admitted"
        await self.send("seat", seat="admitted", reason="", since=now_ms())
        await self.roster()

    async def take(self, message: dict) -> None:
        match message:
            case {"type": "hello", "meeting": "none"}:
                await self.bye("unknown-meeting")
            case {"type": "hello"}:
                await self.greet(message["meeting"])
            case {"type": "ping", "t": t}:
                await self.send("pong", t=t)
            case {"type": "knock", "unit": unit, "name": name}:
                await self.knocked(unit, name, message.get("present"), message.get("total"))
            case {"type": "withdraw"}:
                for task in self.tasks:
                    task.cancel()
                self.seat = "outside"
                await self.send("seat", seat="outside", reason="", since=now_ms())
            case {"type": "offer"}:
                await self.slots()
                await self.send("refusal", re="offer", code="media-unavailable")
            case {"type": "set-source", "source": which, "on": on}:
                if on and "host" in self.me[which]["gate"]:
                    await self.send("refusal", re="set-source", code="muted-by-host")
                else:
                    self.me[which] = source(*([] if on else ["self"]))
                    await self.roster()
            case {"type": "show-tiles", "participants": tiles}:
                self.tiles = tiles
                await self.slots()
            case {"type": "leave"}:
                await self.bye("left")
            case {"type": "end-meeting"}:
                await self.bye("ended")
            case _:
                await self.govern(message)

    async def knocked(self, unit: str | None, name: str, present: int | None, total: int | None) -> None:
        if unit is None and self.account == "no-unit":
            await self.send("refusal", re="knock", code="unit-missing")
            return
        if not name.strip():
            await self.send("refusal", re="knock", code="name-missing")
            return
        self.enter(unit or "tyt-taphin", name, present, total)
        if self.role != "delegate":
            await self.admit()
            return
        self.seat = "waiting"
        await self.send("seat", seat="waiting", reason="", since=now_ms())
        if self.account == "refused":
            reason = "Chưa ghi rõ đơn vị. Xin ghi lại rồi vào."
            self.later(2, lambda: self.send("seat", seat="refused", reason=reason, since=now_ms()))
        elif self.account != "wait":
            self.later(1 if self.account == "quick" else 6, self.admit)

    async def govern(self, message: dict) -> None:
        def of(knocks: list[dict], key: str) -> list[dict]:
            return [one for one in knocks if one["id"] != key]

        def gate(key: str, which: str, change) -> None:
            for one in self.others:
                if one["id"] == key:
                    reasons = change(set(one[which]["gate"]))
                    one[which] = source(*sorted(reasons))

        match message:
            case {"type": "admit", "knock": key} | {"type": "refuse", "knock": key}:
                self.knocks = of(self.knocks, key)
                await self.lobby()
            case {"type": "admit-all"}:
                self.knocks = [one for one in self.knocks if not one["expected"]]
                await self.lobby()
            case {"type": "mute", "participant": key}:
                gate(key, message.get("source", "microphone"), lambda gates: gates | {"host", "self"})
            case {"type": "unmute", "participant": key}:
                gate(key, message.get("source", "microphone"), lambda gates: gates - {"host"})
            case {"type": "mute-all"}:
                for one in self.others:
                    gate(one["id"], "microphone", lambda gates: gates | {"host", "self"})
            case {"type": "kick", "participant": key}:
                self.others = of(self.others, key)
            case _:
                await self.send("refusal", re=message.get("type", ""), code="bad-message")
        await self.roster()


def view(account: str) -> dict:
    unit = None if account == "no-unit" else UNIT_VIEWS[7]
    role = account if account in ("chair", "operator") else "delegate"
    return {"account": account, "name": account, "role": role, "unit": unit}


async def sign_in(request: web.Request) -> web.Response:
    said = await request.json()
    if said["account"] == "slow":
        return web.json_response({"code": "too-many-attempts", "retry_after_s": 20}, status=429)
    if said["password"] == "wrong":
        return web.json_response({"code": "bad-credentials"}, status=401)
    response = web.json_response(view(said["account"]))
    response.set_cookie("dev", said["account"], httponly=True, samesite="Strict")
    return response


async def who(request: web.Request) -> web.Response:
    account = request.cookies.get("dev")
    return web.json_response(view(account)) if account else web.json_response({"code": "not-signed-in"}, status=401)


async def sign_out(_: web.Request) -> web.Response:
    response = web.Response(status=204)
    response.del_cookie("dev")
    return response


async def centre(_: web.Request) -> web.Response:
    return web.json_response({"centre": CENTRE, "meeting": "giao-ban", "version": "dev"})


async def websocket(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    scene = Scene(request.cookies.get("dev", ""), socket)
    if not scene.account:
        await scene.bye("not-signed-in")
        return socket
    async for frame in socket:
        if frame.type is WSMsgType.TEXT:
            message = json.loads(frame.data)
            if message.get("type") not in ("ping", "offer"):
                print(scene.account, frame.data[:200], flush=True)
            await scene.take(message)
    for task in scene.tasks:
        task.cancel()
    return socket


def application() -> web.Application:
    pages = Pages(WEB)

    async def page(request: web.Request) -> web.Response:
        path = request.match_info["path"]
        return await pages.answer(request, "index.html" if path == "" or path.startswith("m/") else path)

    async def headers(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(SECURITY_HEADERS)

    app = web.Application()
    app.on_response_prepare.append(headers)
    app.router.add_post("/api/session", sign_in)
    app.router.add_get("/api/session", who)
    app.router.add_delete("/api/session", sign_out)
    app.router.add_get("/api/centre", centre)
    app.router.add_get("/ws", websocket)
    app.router.add_get("/{path:.*}", page)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
