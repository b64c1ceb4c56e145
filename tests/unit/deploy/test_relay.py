"""The relay's secret is read from a file that only we can read; anything else is refused with a reason."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.problem import ConfigError
from deploy.run.relay import MIN_SECRET, read_secret

SECRET = "0123456789abcdef" * 4


def secret_file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "turn-secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_secret_is_the_line_in_the_file(tmp_path: Path, mode: int, end: bytes) -> None:
    assert read_secret(secret_file(tmp_path, SECRET.encode() + end, mode)) == SECRET


@pytest.mark.parametrize("mode", [0o644, 0o606, 0o601])
def test_a_file_that_others_may_use_is_refused_with_a_remedy(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, SECRET.encode(), mode)
    with pytest.raises(ConfigError, match="everybody") as refused:
        read_secret(path)
    assert refused.value.remedy == f"Close it: chmod o= {path}"


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"short", b"two\nlines of them, long enough", b"a" * 1000, b"with a blank in it"]
)
def test_a_file_without_a_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigError, match="does not hold one secret"):
        read_secret(secret_file(tmp_path, content))


def test_a_path_that_is_not_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read_secret(tmp_path / "nothing")
    with pytest.raises(ConfigError, match="not a file"):
        read_secret(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ConfigError, match="not a file"):
        read_secret(tmp_path / "pipe")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=600))
def test_any_content_is_a_secret_or_refused(tmp_path: Path, content: bytes) -> None:
    try:
        secret = read_secret(secret_file(tmp_path, content))
    except ConfigError:
        return
    assert secret.encode() in content
    assert len(secret) >= MIN_SECRET
