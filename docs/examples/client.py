"""A participant in a hundred lines: signs in, joins a meeting, sends a picture, prints who speaks.

    python docs/examples/client.py https://10.0.0.5:8443 giao-ban thu-ky --ca ca.crt

It asks for the password, or takes it from GIAOBAN_PASSWORD. ca.crt is the certificate of the appliance's own
authority, from https://.../ca.crt. Every message is explained in docs/protocol.md.
"""

import argparse
import asyncio
import getpass
import os
import ssl

import aiohttp
import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.contrib.media import MediaBlackhole
from av import VideoFrame


class Picture(VideoStreamTrack):
    """A blue picture over which a white bar moves, 30 times a second."""

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        image = np.full((180, 320, 3), (32, 92, 160), np.uint8)
        image[:, pts // 900 % 280 :][:, :40] = 255
        frame = VideoFrame.from_ndarray(image, "rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


async def new_transport() -> RTCPeerConnection:
    """The client offers, and its lines have a fixed order: first what it sends, then what it receives.
    Whatever comes in must be read; here a sink reads it and throws it away."""
    peer, sink = RTCPeerConnection(), MediaBlackhole()
    peer.addTransceiver("audio", direction="sendonly")  # microphone
    peer.addTransceiver(Picture(), direction="sendonly")  # camera
    peer.addTransceiver("video", direction="sendonly")  # screen
    # Three voices, the stage, the shared screen, one tile (a browser has twelve).
    for kind in ("audio", "audio", "audio", "video", "video", "video"):
        sink.addTrack(peer.addTransceiver(kind, direction="recvonly").receiver.track)
    await peer.setLocalDescription(await peer.createOffer())
    await sink.start()
    return peer


async def take_part(socket: aiohttp.ClientWebSocketResponse, meeting: str) -> None:
    """From `hello` to `bye`."""
    peer, names = None, {}
    await socket.send_json({"type": "hello", "protocol": 2, "meeting": meeting})
    async for frame in socket:
        message = frame.json()
        kind, seat = message["type"], message.get("seat")
        if kind == "welcome" and seat in ("outside", "refused"):
            unit = message["unit"] or message["units"][0]["id"]
            await socket.send_json({"type": "knock", "unit": unit, "name": message["name"] or "Ví dụ"})
        elif seat:
            print(f"seat: {seat} {message.get('reason', '')}", flush=True)
        if seat == "admitted" or kind == "media-lost":
            if peer:
                await peer.close()
            peer = await new_transport()
            await socket.send_json({"type": "offer", "sdp": peer.localDescription.sdp})
        elif kind == "answer":
            await peer.setRemoteDescription(RTCSessionDescription(message["sdp"], "answer"))
            await socket.send_json({"type": "set-source", "source": "camera", "on": True})
        elif kind == "roster":
            names = {person["id"]: person["name"] for person in message["participants"]}
        elif kind == "speakers":
            print("speaking:", ", ".join(names.get(who, who) for who in message["heard"]), flush=True)
        elif kind in ("refusal", "bye"):
            print(f"{kind}: {message['code']}", flush=True)
    if peer:
        await peer.close()


async def main(args: argparse.Namespace) -> None:
    tls = ssl.create_default_context(cafile=args.ca)
    password = os.environ.get("GIAOBAN_PASSWORD") or getpass.getpass()
    who = {"account": args.login, "password": password}
    # The cookie of the sign-in goes with the WebSocket; unsafe: also when the server is named by an address.
    async with aiohttp.ClientSession(args.server, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        async with http.post("/api/session", json=who, ssl=tls) as answer:
            answer.raise_for_status()
        async with http.ws_connect("/ws", ssl=tls, origin=args.server) as socket:
            try:
                await take_part(socket, args.meeting)
            finally:
                if not socket.closed:  # without a word the server keeps the seat and waits for us
                    await socket.send_json({"type": "leave"})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take part in a meeting.")
    for name in ("server", "meeting", "login", "--ca"):
        parser.add_argument(name)
    asyncio.run(main(parser.parse_args()))
