"""Write protocol.schema.json anew: `python -m signaling.schema`."""

from signaling.schema import SCHEMA, render

SCHEMA.write_text(render(), encoding="utf-8")
print(f"wrote {SCHEMA}")
