"""Frames that a hostile page sends: commands that are not its own, with other people's names, replayed,
damaged; all from a seed."""

import random
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from sfu import Source
from signaling import protocol as m
from signaling.model.words import DepartureKind, FloorMode, Permission, UnitKind
from signaling.protocol import ClientMessage, encode


class Forged(NamedTuple):
    kind: str
    """What is tried, for the table of attempts."""
    text: str


ACTORS = ("participant", "actor", "from", "session", "account", "sender", "as", "role", "seat")
UNKNOWN = (
    "unmute-self", "set-gates", "grant", "become-chair", "admit-me", "open-endpoint", "roster", "welcome",
    "seat", "answer", "media-lost", "bye", "__proto__", "", "SET-SOURCE", "mute\u0000",
)  # fmt: skip


def forge(chance: random.Random, people: Sequence[str], overheard: Sequence[str]) -> Forged:
    """people: ids of participants. overheard: frames that others sent."""
    kind = chance.choices(
        ("unmute", "source", "command", "actor", "replay", "unknown", "damaged"), (12, 22, 30, 14, 10, 6, 6)
    )[0]
    someone = chance.choice(people)
    match kind:
        case "unmute":
            return Forged("self-unmute", encode(m.Unmute(someone, chance.choice(list(Source)))))
        case "source":
            number = chance.randrange(2**53)
            return Forged("set-source", encode(m.SetSource(chance.choice(list(Source)), True, number)))
        case "actor":
            return Forged("names an actor", _with_actor(chance, encode(command(chance, people)), someone))
        case "replay" if overheard:
            return Forged("replayed", chance.choice(overheard))
        case "unknown":
            unknown = {
                "type": chance.choice(UNKNOWN),
                "participant": someone,
                "source": "microphone",
                "on": True,
            }
            return Forged("unknown", msgspec.json.encode(unknown).decode())
        case "damaged":
            return Forged("damaged", damaged(chance, encode(command(chance, people))))
        case _:
            return Forged("command", encode(command(chance, people)))


def command(chance: random.Random, people: Sequence[str]) -> ClientMessage:
    """Any message of the protocol but `hello`, well formed."""
    someone, reason = chance.choice(people), chance.choice(("", "vì thế"))
    source, yes = chance.choice(list(Source)), chance.random() < 0.7
    permission, mode = chance.choice(list(Permission)), chance.choice(list(FloorMode))
    kinds = tuple(chance.sample(list(UnitKind), 2))
    return chance.choice(
        (
            *(m.Knock(None, "BS. Giả", 3, 4), m.Knock("nhi", "BS. Giả"), m.Withdraw(), m.Leave()),
            *(m.Offer("v=0"), m.Offer("v=0", True), m.CheckLine("v=0"), m.EndCheck()),
            *(m.SetSource(source, True), m.SetSource(source, False), m.Show((), 1080, 1080)),
            *(m.Admit(someone), m.AdmitAll(), m.Refuse(someone, reason), m.Kick(someone, reason)),
            *(m.Mute(someone, source), m.Unmute(someone, source), m.MuteAll(), m.EndMeeting()),
            *(m.Ban(someone, reason), m.Lift(someone), m.SendBack(someone, reason), m.Lock(yes)),
            *(m.Talk(reason or "cho tôi vào", someone), m.Talk(reason or "cho tôi vào"), m.Ping(7)),
            *(m.HandChair(someone), m.TakeChair(), m.LendChair(someone), m.SetRules(mode, not yes, not yes)),
            *(m.SetRules(order=kinds), m.RaiseHand(reason), m.LowerHand(), m.RegisterSpeech("giả")),
            *(m.InviteNext(), m.Invite(someone, yes), m.EndTurn(someone), m.EndTurn(), m.GoRound(yes)),
            *(m.ExtendTurn(someone, 600), m.Skip(someone), m.Return(someone)),
            *(m.Ask(permission, reason), m.Unask(permission), m.Decide(someone, permission, yes, "", 240)),
            *(m.CorrectDeparture("d1", DepartureKind.PERMITTED, "đã xin"),),
        )
    )


def _with_actor(chance: random.Random, frame: str, someone: str) -> str:
    """As if somebody else had sent it."""
    fields = msgspec.json.decode(frame, type=dict[str, msgspec.Raw])
    fields[chance.choice(ACTORS)] = msgspec.Raw(msgspec.json.encode(someone))
    return msgspec.json.encode(fields).decode()


def damaged(chance: random.Random, frame: str) -> str:
    """Cut, doubled, nested, or with a few characters changed."""
    at = chance.randrange(len(frame))
    return chance.choice(
        (
            frame[:at],
            frame + frame,
            f"[{frame}]",
            frame[:at] + chance.choice('"{}[]:,\\\u0000é0') + frame[at + 1 :],
            "[" * 5000,
            frame.replace("true", '"true"').replace("false", "0"),
            frame.replace('"type"', '"type":"knock","type"', 1),
        )
    )
