"""The offer that our client makes, as short as SDP allows."""

from sfu import AUDIO_SLOTS, TILE_SLOTS

OPUS, RED, VP8, RTX = 111, 63, 96, 97
MID_EXT, RID_EXT, RRID_EXT, LEVEL_EXT, TWCC_EXT = 1, 2, 3, 4, 5

_URIS = {
    MID_EXT: "urn:ietf:params:rtp-hdrext:sdes:mid",
    RID_EXT: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    RRID_EXT: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    LEVEL_EXT: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    TWCC_EXT: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
}
_AUDIO = (
    f"a=rtpmap:{OPUS} opus/48000/2",
    f"a=fmtp:{OPUS} minptime=10;useinbandfec=1",
    f"a=rtcp-fb:{OPUS} transport-cc",
)
_RED = (f"a=rtpmap:{RED} red/48000/2", f"a=fmtp:{RED} {OPUS}/{OPUS}")
_VIDEO = (
    f"a=rtpmap:{VP8} VP8/90000",
    *(f"a=rtcp-fb:{VP8} {feedback}" for feedback in ("transport-cc", "ccm fir", "nack", "nack pli")),
    f"a=rtpmap:{RTX} rtx/90000",
    f"a=fmtp:{RTX} apt={VP8}",
)


def our_offer(
    *,
    rids: tuple[str, ...] = ("q", "h", "f"),
    screen_rids: tuple[str, ...] = (),
    tiles: int = TILE_SLOTS,
    red: bool = False,
) -> str:
    """Microphone, camera, screen out; 3 audio, stage, screen, tiles in. Mids are "0", "1", ..."""
    kinds = ["audio", "video", "video"] + ["audio"] * AUDIO_SLOTS + ["video"] * (2 + tiles)
    mids = " ".join(str(mid) for mid in range(len(kinds)))
    lines = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
    for mid, kind in enumerate(kinds):
        layers = {1: rids, 2: screen_rids}.get(mid, ())
        lines += _section(mid, kind, "sendonly" if mid < 3 else "recvonly", layers, red=red)
    return "\r\n".join(lines) + "\r\n"


def _section(mid: int, kind: str, direction: str, rids: tuple[str, ...], *, red: bool) -> list[str]:
    voice = f"{OPUS} {RED}" if red else f"{OPUS}"
    formats = voice if kind == "audio" else f"{VP8} {RTX}"
    lines = [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {formats}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=ice-ufrag:test",
        "a=ice-pwd:" + "x" * 24,
        "a=fingerprint:sha-256 " + ":".join(["CD"] * 32),
        "a=setup:actpass",
        f"a=mid:{mid}",
        *(f"a=extmap:{ident} {uri}" for ident, uri in _URIS.items() if ident != LEVEL_EXT or kind == "audio"),
        f"a={direction}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        *((*_AUDIO, *(_RED if red else ())) if kind == "audio" else _VIDEO),
    ]
    if rids:
        lines += [f"a=rid:{rid} send" for rid in rids] + ["a=simulcast:send " + ";".join(rids)]
    return lines
