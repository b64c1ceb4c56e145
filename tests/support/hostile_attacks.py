"""Everything a hostile bridge point can do to its media to be heard or seen behind a shut gate.

Covert channels are not part of it: anyone with an open camera may show what they like in it, also writing. A
microphone's codec on an open camera's line is part of it.
"""

import struct
from collections.abc import Callable

from sfu import (
    CloseEndpoint,
    Failed,
    GateReason,
    OpenEndpoint,
    RestartEndpoint,
    RoomId,
    Show,
    Source,
    TileWish,
)
from sfu.rtp import rtcp
from tests.support.hostile_battle import NAME, STEP_S, Battle
from tests.support.hostile_offers import lying_offers
from tests.support.hostile_point import MID, OPEN_MARK, SHUT_MARK, SPEECH_DBOV, Attacker, Said
from tests.support.offer import MID_EXT, OPUS, RED, RID_EXT, RTX, VP8, our_offer
from tests.support.scripted import OPEN, ROOM, TILE_ROWS

LOBBY = dict.fromkeys(Source, GateReason.LOBBY)
LEVELS = (None, 0, SPEECH_DBOV, 127, 0x80)
"""In the header: left out, loudest, true, silence, "this is speech"."""
TOLD = {None: "left out", SPEECH_DBOV: "true"}
UNSEEN_MIDS = (b"", b"3", b"6", b"7", b"19", b"20", b"00", b"mic", b"\xff" * 8)


# --- the same line ---------------------------------------------------------------------------------


def keep_talking(battle: Battle) -> None:
    for _ in range(12):
        for source in battle.shut_sources:
            level = battle.rng.choice(LEVELS)
            battle.cha.say(source, "went on, level header " + TOLD.get(level, "forged"), level=level)
        battle.speak_openly()
        battle.world.run(STEP_S)


def burst(battle: Battle) -> None:
    """Many packets in one batch, from shut and open sources in turn."""
    battle.cha.hold()
    for _ in range(20):
        battle.cha.say(battle.a_shut_source(), "in one batch with open sources")
        battle.speak_openly()
    battle.cha.release()


def new_encoder(battle: Battle) -> None:
    """Another SSRC for a source whose gate is shut."""
    source = battle.a_shut_source()
    stream = battle.cha.new_stream(source)
    if battle.rng.random() < 0.5:
        battle.cha.streams[source] = stream
    for _ in range(8):
        battle.cha.say(source, "under a new SSRC", stream=stream, level=battle.rng.choice(LEVELS))


def stolen_ssrc(battle: Battle) -> None:
    """The SSRC of another participant, of one of their slots, or of its own slots."""
    other = battle.rng.choice((battle.lan, battle.nam))
    source = battle.a_shut_source()
    ssrc = battle.rng.choice([*other.inbox, *battle.cha.inbox, *(e.ssrc for e in other.encodings)])
    stream = battle.cha.stream_of(source, ssrc)
    for _ in range(6):
        battle.cha.say(source, "with another's SSRC", stream=stream)


# --- other lines -----------------------------------------------------------------------------------


def other_line(battle: Battle) -> None:
    """A shut source's codec on a line whose gate may be open: under its SSRC, or under a new one."""
    source = battle.a_shut_source()
    line = battle.rng.choice([other for other in Source if other is not source])
    if (source is Source.MICROPHONE) == (line is Source.MICROPHONE):
        return  # a screen on an open camera's line is a picture like any other
    stream = battle.cha.streams[line] if battle.rng.random() < 0.7 else battle.cha.new_stream(line)
    pt = battle.rng.choice((OPUS, RED)) if source is Source.MICROPHONE else battle.rng.choice((VP8, RTX))
    for _ in range(8):
        battle.cha.say(line, "on another line", stream=stream, pt=pt, codec=source, shut=True)


def crossed_names(battle: Battle) -> None:
    """The SSRC of a shut line, and the name of another one in the header."""
    source = battle.a_shut_source()
    stream = battle.cha.streams[source]
    battle.cha.say(source, "with another line's name")
    for _ in range(8):
        line = battle.rng.choice([*MID.values(), *UNSEEN_MIDS])
        names = {MID_EXT: line, RID_EXT: battle.rng.choice((b"q", b"h", b"f", b"z"))} if line else {}
        battle.cha.say(source, "with another line's name", stream=stream, names=names)


def unseen_line(battle: Battle) -> None:
    """Names of lines that do not exist, or on which only the server sends."""
    source = battle.a_shut_source()
    for _ in range(8):
        stream = battle.cha.new_stream(source)
        mid = battle.rng.choice(UNSEEN_MIDS)
        names = {MID_EXT: mid} if mid else {}
        battle.cha.say(source, "on a line that is not there", stream=stream, names=names, shut=True)


def one_ssrc_two_lines(battle: Battle) -> None:
    """A new SSRC that names an open line and a shut one in the same batch."""
    source = battle.a_shut_source()
    stream = battle.cha.new_stream(source)
    battle.cha.hold()
    for line in battle.rng.sample([*MID.values()], 3):
        battle.cha.say(
            source,
            "one SSRC on two lines",
            stream=stream,
            names={MID_EXT: line, RID_EXT: b"q"},
            pt=5,
            shut=True,
        )
    battle.cha.release()


# --- wrapped ---------------------------------------------------------------------------------------


def repaired(battle: Battle) -> None:
    """Retransmissions of what was sent behind a shut gate: while it is shut, and when it is open again."""
    source = battle.rng.choice((Source.CAMERA, Source.SCREEN))
    battle.shut(source)
    stream = battle.cha.streams[source]
    said = [battle.cha.say(source, "to be repaired later") for _ in range(6)]
    for one in said[:3]:
        battle.tally.attempt("as a retransmission")
        battle.cha.repair(stream, one)
    battle.set_gates({source: GateReason.OPEN})
    early = battle.rng.random() < 0.5
    if not early:
        battle.cha.say(source)
    for one in said:
        battle.tally.attempt("as a retransmission after the gate opened")
        battle.cha.repair(stream, one)
    battle.cha.say(source)
    for one in said:
        battle.tally.attempt("as a retransmission after the gate opened")
        battle.cha.repair(stream, one, pt=battle.rng.choice((RTX, VP8)))


def repeated(battle: Battle) -> None:
    """Redundancy that repeats what was sent behind a shut gate, while it is shut and just after."""
    source = Source.MICROPHONE
    battle.shut(source)
    stream = battle.cha.streams[source]
    said = [battle.cha.say(source, "to be repeated later") for _ in range(6)]
    stream.step()
    last = battle.cha.say(source, "in a redundant packet")
    battle.tally.attempt("in a redundant packet", len(said[-3:]))
    battle.cha.repeat(stream, last, said[-3:])
    battle.set_gates({source: GateReason.OPEN})
    said.append(last)
    for _ in range(3):
        stream.step()
        body = battle.cha.body(source, "", shut=False)
        now = Said(stream.seq, stream.ts, body)
        said.append(now)
        earlier = said[-5:-1]
        secret = sum(SHUT_MARK in one.body for one in earlier)
        battle.tally.attempt("in a redundant packet after the gate opened", secret)
        battle.cha.repeat(stream, now, earlier)


def odd_headers(battle: Battle) -> None:
    """Contributing sources, padding, extensions of the other form, false lengths; all authentic."""
    source = battle.a_shut_source()
    stream = battle.cha.streams[source]
    for _ in range(8):
        stream.step()
        body = battle.cha.body(source, "with an odd header", shut=True)
        first = battle.rng.choice((0x80, 0x81, 0x8F, 0xA0, 0x90, 0xB1))
        head = struct.pack(
            "!BBHII", first, battle.rng.choice((OPUS, VP8, RTX, RED)), stream.seq, stream.ts, stream.ssrc
        )
        head += bytes(4 * (first & 15))
        if first & 0x10:
            head += battle.rng.choice((b"\xbe\xde", b"\x10\x00")) + struct.pack("!H", battle.rng.randrange(3))
        battle.cha.send_plain(head + body + bytes([battle.rng.randrange(1, 5)]))


# --- feedback --------------------------------------------------------------------------------------


def forged_feedback(battle: Battle) -> None:
    """Reports, requests and names with payloads, for anybody's SSRC."""
    rng, cha = battle.rng, battle.cha
    for _ in range(10):
        ssrc = rng.choice([*battle.lan.inbox, *cha.inbox, cha.streams[Source.MICROPHONE].ssrc])
        body = cha.body(battle.a_shut_source(), "in forged feedback", shut=True)
        body += bytes(-len(body) % 4)
        kind, count = rng.choice(((204, 0), (202, 1), (205, 15), (205, 1), (206, 15), (206, 4), (200, 0)))
        app = struct.pack("!BBHII", 0x80 | count, kind, len(body) // 4 + 2, ssrc, rng.getrandbits(32)) + body
        cha.send_rtcp(rng.choice((app, rtcp.pli(1, ssrc) + app, rtcp.nack(1, ssrc, range(40)) + app)))


def asked_for_again(battle: Battle) -> None:
    """After the gate was shut, the listeners ask for everything again: nothing more comes."""
    battle.shut()
    battle.world.run(0.6)  # the pacer of a thin line has sent the rest
    for witness in battle.witnesses:
        witness.forbidden = frozenset(Source)
    for point in (battle.lan, battle.nam):
        for ssrc, receiver in point.inbox.items():
            if receiver.packets:
                battle.tally.attempt("asked for again")
                point.send_rtcp(
                    rtcp.nack(1, ssrc, [number & 0xFFFF for number in list(receiver.packets)[-60:]])
                )
    battle.world.run(0.1)
    for witness in battle.witnesses:
        witness.forbidden = frozenset()


# --- the network -----------------------------------------------------------------------------------


def replayed(battle: Battle) -> None:
    """Replays datagrams of a shut gate, now and when it is open."""
    battle.shut()
    for source in Source:
        for _ in range(4):
            battle.cha.say(source, "to be replayed")
    kept = list(battle.cha.datagrams)[-12:]
    for _ in range(2):
        battle.tally.attempt("replayed", len(kept))
        battle.world.arrive(battle.cha.row, *battle.rng.sample(kept, len(kept)))
        battle.set_gates(OPEN)


def wrong_address(battle: Battle) -> None:
    """Datagrams that seem to come from another participant, and damaged ones of its own."""
    battle.shut()
    kept = [battle.cha.say(battle.a_shut_source(), "to be sent from elsewhere") for _ in range(6)]
    for datagram in list(battle.cha.datagrams)[-len(kept) :]:
        battle.tally.attempt("from another's address", 3)
        for point in (battle.lan, battle.nam):
            battle.world.arrive(point.row, datagram)
        at = battle.rng.randrange(len(datagram))
        battle.world.arrive(battle.cha.row, datagram[:at] + bytes([datagram[at] ^ 1]) + datagram[at + 1 :])


# --- coming and going ------------------------------------------------------------------------------


def reconnected(battle: Battle) -> None:
    """A new transport while muted: the gates stay as they were."""
    battle.shut()
    battle.reconnect(dict(battle.cha.gates))
    for wait_s in (0.0, 0.1, 0.1):
        for source in Source:
            for _ in range(3):
                battle.cha.say(source, "after a reconnect while muted")
        battle.world.run(wait_s)


def removed(battle: Battle) -> None:
    """Closed by command; it goes on sending, also when somebody else has its row."""
    gone = battle.cha
    battle.world.run(0)
    gone.gates = dict.fromkeys(Source, GateReason.LEFT)
    battle.world.order(CloseEndpoint(endpoint=gone.id))
    now = int(battle.world.now * 1e6)
    for turn in range(2):
        for source in Source:
            for _ in range(3):
                gone.say(source, "after removal")
        battle.world.fastpath.ingest(gone.row, list(gone.datagrams)[-9:], now)
        battle.world.flush_streams()
        if turn == 0:
            battle.cha = Attacker(battle.world, NAME, OPEN, battle.tally)


def before_admission(battle: Battle) -> None:
    """In a line check, in a room of its own, and in this one's lobby, it sends, and asks to see."""
    check = battle.rng.random() < 0.6
    room = RoomId("check-early") if check else ROOM
    early = Attacker(battle.world, "early", LOBBY, battle.tally, room=room, check=check)
    overheard: list[bytes] = []
    if check:
        early.peek = overheard.append
    battle.world.order(Show(endpoint=early.id, tiles=(TileWish(endpoint=battle.cha.id, height=TILE_ROWS),)))
    for _ in range(6):
        for source in Source:
            early.say(source, "before admission")
        battle.speak_openly()
        battle.world.run(STEP_S)
    battle.tally.attempt("overhearing before admission")
    for packet in overheard:
        if OPEN_MARK in packet:
            battle.tally.leak("overhearing before admission", "a line check got media")
    battle.world.order(CloseEndpoint(endpoint=early.id))


def renegotiated(battle: Battle) -> None:
    """Offers with more lines, other directions or duplicate names are refused; it sends all the same."""
    for what, offer in lying_offers(battle.rng):
        battle.tally.attempt("renegotiated: " + what)
        command = (
            OpenEndpoint(room=ROOM, endpoint=battle.cha.id, offer=offer, gates=OPEN)
            if battle.rng.random() < 0.5
            else RestartEndpoint(endpoint=battle.cha.id, offer=offer)
        )
        answer = battle.world.order(command)
        if not isinstance(answer, Failed):
            battle.tally.leak("renegotiated: " + what, "the offer was taken")
    battle.world.order(RestartEndpoint(endpoint=battle.cha.id, offer=our_offer(red=True)))
    unseen_line(battle)
    for source in battle.shut_sources:
        battle.cha.say(source, "after an ICE restart")


ATTACKS: tuple[Callable[[Battle], None], ...] = (
    keep_talking,
    burst,
    new_encoder,
    stolen_ssrc,
    other_line,
    crossed_names,
    unseen_line,
    one_ssrc_two_lines,
    repaired,
    repeated,
    odd_headers,
    forged_feedback,
    asked_for_again,
    replayed,
    wrong_address,
    reconnected,
    removed,
    before_admission,
    renegotiated,
)
