"""The protocol's contract: schema, examples, and input from strangers."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import protocol
from signaling.protocol import BadMessage, decode_server, decode_untrusted, encode
from signaling.protocol.schema import INVALID, SCHEMA, VALID, message_types, render
from signaling.protocol.schema.javascript import javascript_files

CLIENT = message_types(protocol.AnyClientMessage)
SERVER = message_types(protocol.AnyServerMessage)


def kind_of(example: Path) -> str:
    return example.name.split(".")[0]


def decode(kind: str, text: str) -> protocol.ClientMessage | protocol.ServerMessage:
    return decode_untrusted(text) if kind in CLIENT else decode_server(text)


def test_the_schema_on_disk_is_the_one_of_the_types() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == render(), "stale: run python -m signaling.protocol.schema"


@pytest.mark.parametrize(
    ("path", "text"), javascript_files().items(), ids=lambda value: getattr(value, "name", "")
)
def test_the_web_clients_generated_files_are_those_of_the_types(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "stale: run python -m signaling.protocol.schema"


@pytest.mark.parametrize("kind", [*CLIENT, *SERVER])
def test_every_message_has_a_valid_and_an_invalid_example(kind: str) -> None:
    assert list(VALID.glob(f"{kind}.*.json"))
    assert list(INVALID.glob(f"{kind}.*.json"))


@pytest.mark.parametrize("example", sorted(VALID.glob("*.json")), ids=lambda path: path.stem)
def test_a_valid_example_survives_decoding_and_encoding(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    assert json.loads(encode(decode(kind_of(example), text))) == json.loads(text)


@pytest.mark.parametrize("example", sorted(INVALID.glob("*.json")), ids=lambda path: path.stem)
def test_an_invalid_example_is_a_bad_message(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    kind = kind_of(example)
    if kind not in SERVER:
        with pytest.raises(BadMessage):
            decode_untrusted(text)
    if kind not in CLIENT:
        with pytest.raises(BadMessage):
            decode_server(text)


def test_fields_with_a_default_may_be_left_out() -> None:
    hello = decode_untrusted('{"type": "hello", "protocol": 2, "meeting": "giao-ban"}')
    assert hello == protocol.Hello(2, "giao-ban")


def test_a_frame_over_the_bound_is_not_even_read() -> None:
    with pytest.raises(BadMessage, match="too large"):
        decode_untrusted(" " * protocol.MAX_MESSAGE_BYTES + "{}")


@given(st.one_of(st.text(), st.binary()))
def test_any_frame_is_a_message_or_a_bad_message(frame: str | bytes) -> None:
    try:
        message = decode_untrusted(frame)
    except BadMessage:
        return
    assert isinstance(message, protocol.ClientMessage)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_names = ["unit", "name", "sdp", "source", "on", "knock", "t", "tiles", "stage", "screen", "seen", "id"]
_fields = st.dictionaries(st.sampled_from(_names), _json)


@given(st.sampled_from(list(CLIENT)), _fields)
def test_any_json_object_with_a_known_type_is_a_message_or_a_bad_message(
    kind: str, fields: dict[str, object]
) -> None:
    try:
        message = decode_untrusted(json.dumps({**fields, "type": kind}))
    except BadMessage:
        return
    assert type(message) is CLIENT[kind]


@pytest.mark.parametrize("text", ["[" * 200_000, '{"type":"offer","sdp":"' + "a" * 200_001 + '"}'])
def test_deeply_nested_or_very_long_input_is_a_bad_message(text: str) -> None:
    with pytest.raises(BadMessage):
        decode_untrusted(text)


_height = st.integers(-(2**70), 2**70) | st.integers(0, 5000)
_tiles = st.lists(st.fixed_dictionaries({"participant": st.just("p-Nam"), "height": _height}), max_size=16)


@given(_tiles, _height, _height)
def test_only_sizes_that_a_screen_can_have_are_accepted(
    tiles: list[dict[str, object]], stage: int, screen: int
) -> None:
    heights = [stage, screen, *(int(str(tile["height"])) for tile in tiles)]
    possible = len(tiles) <= 12 and all(0 <= height <= 4320 for height in heights)
    frame = json.dumps({"type": "show", "tiles": tiles, "stage": stage, "screen": screen})
    try:
        message = decode_untrusted(frame)
    except BadMessage:
        assert not possible
        return
    assert possible
    assert isinstance(message, protocol.Show)
