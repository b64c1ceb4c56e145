"""The server's signing key: it is kept in a file, and its signatures verify."""

from pathlib import Path

import pytest

from recorder.storage.signing import BadSigningKey, SigningKey, fingerprint, load_or_create_key, verified

pytestmark = pytest.mark.record


def test_the_key_is_made_once_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "recorder.key"
    first = load_or_create_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create_key(path).public == first.public
    assert [each.name for each in tmp_path.iterdir()] == ["recorder.key"]


def test_only_the_signed_bytes_verify() -> None:
    key, other = SigningKey.new(), SigningKey.new()
    signature = key.sign(b"a line")
    assert verified(key.public, b"a line", signature)
    assert not verified(key.public, b"a Line", signature)
    assert not verified(other.public, b"a line", signature)
    assert not verified(b"short", b"a line", signature)
    assert not verified(key.public, b"a line", b"short")


def test_an_interrupted_key_creation_starts_again(tmp_path: Path) -> None:
    (tmp_path / "recorder.key.new").write_bytes(b"-----BEGIN PRIV")
    assert load_or_create_key(tmp_path / "recorder.key").public


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_without_a_key_is_refused_and_kept(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "recorder.key"
    path.write_bytes(data)
    with pytest.raises(BadSigningKey):
        load_or_create_key(path)
    assert path.read_bytes() == data


def test_an_unwritable_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSigningKey, match="nowhere"):
        load_or_create_key(tmp_path / "nowhere" / "recorder.key")


def test_a_fingerprint_can_be_read_aloud() -> None:
    assert fingerprint(bytes(32)) == "6668 7aad f862 bd77 6c8f c18b 8e9f 8e20"
