"""Makes pictures of screens small enough to keep with the source."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

KEEP = 0xFC
"""How many bits of a colour are kept. Nobody sees the others, and they are most of a picture's bytes."""


def slim(png: Path) -> None:
    """Rewrite the picture with fewer colours."""
    with av.open(str(png)) as file:
        pixels = next(file.decode(video=0)).to_ndarray(format="rgb24").astype(np.uint8)
    encoder = av.CodecContext.create("png", "w")
    encoder.height, encoder.width = pixels.shape[:2]
    encoder.pix_fmt, encoder.time_base = "rgb24", Fraction(1)
    encoder.options = {"compression_level": "9", "pred": "mixed"}
    frame = av.VideoFrame.from_ndarray((pixels & np.uint8(KEEP)) | np.uint8(0xFF - KEEP), format="rgb24")
    frame.pts = 0
    png.write_bytes(b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)]))
