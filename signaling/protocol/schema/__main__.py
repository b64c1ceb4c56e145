"""Write protocol.schema.json anew: `python -m signaling.protocol.schema`."""

from signaling.protocol.schema import SCHEMA, render

SCHEMA.write_text(render(), encoding="utf-8")
print(f"wrote {SCHEMA}")
