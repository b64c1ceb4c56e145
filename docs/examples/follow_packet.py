"""Follows one packet through the kernel in plain Python: which kernel functions it passes, what it changes.

    PYTHONPATH=. .venv/bin/python docs/examples/follow_packet.py

The stage is the one of the unit tests: a publisher and two viewers without sockets, with real SRTP.
"""

import sys
from types import FrameType

from tests.support.fastpath_stage import Stage, rtp, vp8

KERNEL = "/sfu/fastpath/kernel/"
seen: list[str] = []


def note_kernel_functions(frame: FrameType, event: str, _: object) -> None:
    """Each kernel function once, in the order in which the packet comes to it."""
    code = frame.f_code
    if event == "call" and KERNEL in code.co_filename and not code.co_name.startswith(("_", "<")):
        name = f"{code.co_filename.rpartition('/')[2]}: {code.co_name}"
        if name not in seen and "native" not in name:
            seen.append(name)


stage = Stage(compiled=False)
publisher, viewers = stage.publisher(), [stage.viewer(), stage.viewer()]
for viewer in viewers:
    stage.fastpath.switch(viewer.open_slot(), publisher.layers[0])

keyframe = rtp(1000, 7, vp8(key=True), ts=90_000, marker=True)
sys.setprofile(note_kernel_functions)
publisher.send(keyframe, now=1_000_000)
sys.setprofile(None)

print("\n".join(seen))
for packet in stage.seen():
    print(
        f"transport {packet.transport} got ssrc {packet.ssrc} seq {packet.seq} payload {len(packet.payload)}"
    )
for name in ("datagrams", "bad_auth", "gated", "copies", "sent"):
    print(f"{name} {stage.count(name)}")
