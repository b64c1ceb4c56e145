"""The JSON schema of the WebSocket protocol, generated from `signaling.protocol`.

`python -m signaling.protocol.schema` writes it, and the generated files of `web/protocol`; a test fails when
one is stale. The examples beside it are the contract that Python and JavaScript are both held to: every file
in `examples/valid` is a message written out in full, every file in `examples/invalid` must be refused, and
its name says why.
"""

import inspect
import json
from pathlib import Path
from typing import Any, get_args

import msgspec

from signaling.protocol import MAX_MESSAGE_BYTES, PROTOCOL, AnyClientMessage, AnyServerMessage

FOLDER = Path(__file__).parent
SCHEMA = FOLDER / "protocol.schema.json"
VALID = FOLDER / "examples" / "valid"
INVALID = FOLDER / "examples" / "invalid"


def message_types(union: object) -> dict[str, type[msgspec.Struct]]:
    """The messages of a union by the name they carry in "type"."""
    return {str(kind.__struct_config__.tag): kind for kind in get_args(union)}


def render() -> str:
    """The schema file's text. Cannot fail; the same types always give the same text."""
    sides = (AnyClientMessage, AnyServerMessage)
    (client, server), components = msgspec.json.schema_components(sides, ref_template="#/$defs/{name}")
    for component in components.values():
        if "description" in component:  # a docstring, which keeps its indentation until Python 3.13
            component["description"] = inspect.cleandoc(component["description"])
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Giao ban signaling",
        "description": f"Protocol {PROTOCOL}. JSON text frames of at most {MAX_MESSAGE_BYTES} bytes.",
        "anyOf": [{"$ref": "#/$defs/FromClient"}, {"$ref": "#/$defs/FromServer"}],
        "$defs": {"FromClient": client, "FromServer": server, **components},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
