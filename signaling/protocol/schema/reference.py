"""Renders `docs/protocol.md` from the message types.

`python -m signaling.protocol.schema.reference > docs/protocol.md` writes it. What stands there comes from the
source of the types: docstrings, fields and the notes under fields. A test fails when the file is stale.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, TypeGuard, get_args, get_origin

import msgspec
import msgspec.structs

from signaling.model import words
from signaling.protocol import MAX_MESSAGE_BYTES, PROTOCOL, AnyClientMessage, AnyServerMessage
from signaling.protocol.schema import FOLDER, VALID

_HEAD = f"""# The protocol, message by message

Generated from the message types (`client.py`, `server.py`, `views.py` and `line_views.py` in
`signaling/protocol`, and the words in `signaling/model/words.py`). To write it again:
`python -m signaling.protocol.schema.reference > docs/protocol.md`.

Protocol {PROTOCOL}: JSON text frames of at most {MAX_MESSAGE_BYTES} bytes on a WebSocket at `/ws`, after a
sign-in at `/api/session` whose cookie the WebSocket carries. The field `type` names the message. The client
speaks first, with `hello`. The session tells who acts: no client message names its sender. Who may
send what is in [roles.md](roles.md); a program that takes part is
[examples/client.py](examples/client.py); the same as JSON schema is
[protocol.schema.json](../signaling/protocol/schema/protocol.schema.json).

A client may leave out every field that has a default; the server sends all of them. A message with a field
that is not listed here is refused (`bad-message`).
"""
_FROM = {"client": "From the client", "server": "From the server"}
_PLAIN = {"str": "text", "int": "integer", "bool": "true or false", "float": "number", "None": "null"}


@dataclass(frozen=True, slots=True)
class _Field:
    info: msgspec.structs.FieldInfo
    annotation: ast.expr
    """As it stands in the source, with the names of our own types."""
    note: str


def render() -> str:
    """`docs/protocol.md`. Cannot fail; the same types always give the same text."""
    sides = {"client": get_args(AnyClientMessage), "server": get_args(AnyServerMessage)}
    parts = [_HEAD, _index(sides)]
    named: dict[str, object] = {}
    for side, kinds in sides.items():
        parts.append(f"\n## {_FROM[side]}\n")
        for kind in kinds:
            parts.append(_message(side, kind))
            _collect(kind, named)
    parts.append("\n## Parts of messages\n")
    parts += [_part(name, kind) for name, kind in sorted(named.items()) if _is_struct(kind)]
    parts.append("\n## Words\n")
    parts += [_enum(name, kind) for name, kind in sorted(named.items()) if _is_enum(kind)]
    parts.append("\n## Kinds of value\n")
    parts.append("\n".join(_aliases(set(named))))
    return "\n".join(parts).rstrip() + "\n"


def _index(sides: dict[str, tuple[type[msgspec.Struct], ...]]) -> str:
    lines = []
    for side, kinds in sides.items():
        links = ",\n".join(f"[{_tag(kind)}](#{side}-{_tag(kind)})" for kind in kinds)
        lines.append(f"{_FROM[side]}:\n{links}.\n")
    return "\n".join(lines)


def _message(side: str, kind: type[msgspec.Struct]) -> str:
    tag = _tag(kind)
    links = []
    for path in sorted(VALID.glob(f"{tag}.*.json")):
        case = path.name.removeprefix(f"{tag}.").removesuffix(".json")
        links.append(f"[{case}](../signaling/protocol/schema/{path.relative_to(FOLDER).as_posix()})")
    lines = [f'### <a id="{side}-{tag}"></a>`{tag}`\n', *_said(_docstring(kind)), *_table(kind)]
    if links:
        lines.append(f"Examples: {', '.join(links)}\n")
    return "\n".join(lines)


def _part(name: str, kind: type[msgspec.Struct]) -> str:
    return "\n".join([f"### {name}\n", *_said(_docstring(kind)), *_table(kind)])


def _enum(name: str, kind: type[Enum]) -> str:
    lines = [f"### {name}\n", *_said(_docstring(kind))]
    for value, note in _notes(_body(kind)):
        if isinstance(value, ast.Assign):
            said = f": {note}" if note else ""
            lines.append(f"- `{_json(ast.literal_eval(value.value))}`{said}")
    return "\n".join(lines) + "\n"


def _aliases(used: set[str]) -> Iterator[str]:
    """The constrained texts and numbers of `words`."""
    for statement, note in _notes(ast.parse(inspect.getsource(words)).body):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if name in used:
                said = f" {note}" if note else ""
                yield f"### {name}\n\n{_written(statement.value, vars(words)[name])}.{said}\n"


def _table(kind: type[msgspec.Struct]) -> list[str]:
    fields = list(_fields(kind))
    if not fields:
        return ["No fields.\n"]
    lines = ["| field | is | default | |", "| --- | --- | --- | --- |"]
    for field in fields:
        default = "required" if field.info.required else f"`{_json(field.info.default)}`"
        written = _written(field.annotation, kind.__annotations__[field.info.name])
        cells = (f"`{field.info.encode_name}`", written, default, field.note)
        lines.append("| " + " | ".join(cells).rstrip() + " |")
    return [*lines, ""]


def _fields(kind: type[msgspec.Struct]) -> Iterator[_Field]:
    infos = {info.name: info for info in msgspec.structs.fields(kind)}
    for statement, note in _notes(_body(kind)):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield _Field(infos[statement.target.id], statement.annotation, note)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _notes(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Each statement with the string that stands below it."""
    for statement, after in zip(body, [*body[1:], ast.Pass()], strict=True):
        note = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            note = " ".join(str(after.value.value).split())
        yield statement, note


def _body(kind: type) -> list[ast.stmt]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    return definition.body


def _docstring(kind: type) -> str:
    first = _body(kind)[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return " ".join(str(first.value.value).split())
    return ""


def _said(text: str) -> list[str]:
    return [textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False) + "\n"] if text else []


def _written(annotation: ast.expr, hint: object) -> str:
    """A type in words: links for our own names, "list of" for tuples, bounds as they are enforced.

    annotation: as it stands in the source, with our own names. hint: the same as an object, with the bounds.
    """
    match annotation:
        case ast.Name(name) if name in _PLAIN:
            return _PLAIN[name]
        case ast.Name(name):
            return f"[{name}](#{name.lower()})"
        case ast.Constant(None):
            return "null"
        case ast.BinOp(left, ast.BitOr(), right):
            return f"{_written(left, hint)} or {_written(right, hint)}"
        case ast.Subscript(ast.Name("tuple"), ast.Tuple([item, *_])):
            return f"list of {_written(item, hint)}"
        case ast.Subscript(ast.Name("Annotated"), ast.Tuple([inner, *_])):
            return f"{_written(inner, hint)}, {', '.join(_limits(hint))}"
        case _:
            raise ValueError(f"no words for the type {ast.unparse(annotation)}")


def _limits(hint: object) -> Iterator[str]:
    """The bounds of the first constrained type in a hint."""
    if get_origin(hint) is not Annotated:
        yield from _limits(next(part for part in get_args(hint) if get_args(part)))
        return
    for bound in hint.__metadata__:  # type: ignore[attr-defined] # every Annotated has it
        for name, said in _BOUNDS.items():
            value = getattr(bound, name)
            if value is not None:
                yield f"{said} `{value}`"


_BOUNDS = {
    "ge": "at least",
    "le": "at most",
    "min_length": "length at least",
    "max_length": "length at most",
    "pattern": "pattern",
}


def _collect(kind: type[msgspec.Struct], named: dict[str, object]) -> None:
    """Every name of ours that the fields of this type lead to."""
    module = sys.modules[kind.__module__]
    for field in _fields(kind):
        for node in ast.walk(field.annotation):
            if isinstance(node, ast.Name) and node.id not in {*_PLAIN, "tuple", "Annotated", "Meta"}:
                found = vars(module).get(node.id)
                if node.id not in named and found is not None and not isinstance(found, int):
                    named[node.id] = found
                    if _is_struct(found):
                        _collect(found, named)


def _is_struct(kind: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _is_enum(kind: object) -> TypeGuard[type[Enum]]:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _tag(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


if __name__ == "__main__":
    print(render(), end="")
