"""Ears for the virtual world. A scripted participant writes its loudness into the payload; these ears read it
there, as the real ones read Opus, and never see the header."""

from collections.abc import Mapping, Sequence

from sfu.voice import Counts, Judgment, Sound

SPEECH_DBOV = 50
"""Anything louder than this is speech."""
MARK = b"says"


class ScriptedEars:
    """Ears (sfu/voice/ears.py) that answer at once, without a thread."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._judgments: dict[int, Judgment] = {}

    def hear(self, sounds: Sequence[Sound]) -> None:
        for sound in sounds:
            level = written(sound.payload)
            if level is None:
                self.counts.bad += 1
                self._judgments[sound.microphone] = Judgment()
            else:
                self.counts.decoded += 1
                self._judgments[sound.microphone] = Judgment(
                    level <= SPEECH_DBOV, False, level, quiet=level > SPEECH_DBOV
                )

    def forget(self, microphone: int) -> None:
        self._judgments.pop(microphone, None)

    def judgments(self) -> Mapping[int, Judgment]:
        return dict(self._judgments)


def write(level_dbov: int) -> bytes:
    """The end of a payload that sounds this loud."""
    return MARK + bytes([level_dbov])


def written(payload: bytes) -> int | None:
    mark = payload[-len(MARK) - 1 : -1]
    return payload[-1] if mark == MARK else None
