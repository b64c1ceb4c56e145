"""Write protocol.schema.json and the web client's generated files: `python -m signaling.protocol.schema`."""

from signaling.protocol.schema import SCHEMA, render
from signaling.protocol.schema.javascript import javascript_files

for path, text in {SCHEMA: render(), **javascript_files()}.items():
    path.write_text(text, encoding="utf-8")
    print(f"wrote {path}")
