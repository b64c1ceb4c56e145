"""Settings: which source wins, and what is reported when one is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.config import SYSTEM_FILE, Config, build, load
from deploy.problem import ConfigError
from sfu.addresses import MAX_ADDRESSES


def written(folder: Path, text: str) -> Path:
    file = folder / "giaoban.toml"
    file.write_text(text, encoding="utf-8")
    return file


def complaint(folder: Path, text: str) -> ConfigError:
    written(folder, text)
    with pytest.raises(ConfigError) as raised:
        load(None, {}, {}, cwd=folder)
    assert raised.value.remedy
    return raised.value


def test_without_a_file_the_defaults_apply(tmp_path: Path) -> None:
    config = load(None, {}, {}, cwd=tmp_path)
    assert (config.https_port, config.media_port, config.workers, config.seat_grace_s) == (8443, 8444, 1, 300)
    assert config.state == "var"


def test_the_systems_file_counts_where_the_folder_has_none(tmp_path: Path) -> None:
    assert str(SYSTEM_FILE) == "/etc/giaoban/giaoban.toml"
    here, etc = tmp_path / "here", tmp_path / "etc"
    here.mkdir()
    etc.mkdir()
    system = written(etc, 'state = "/var/lib/giaoban"\n')
    assert load(None, {}, {}, cwd=here, system=system).state == "/var/lib/giaoban"
    written(here, "https_port = 2000\n")
    config = load(None, {}, {}, cwd=here, system=system)
    assert (config.state, config.https_port) == ("var", 2000)


def test_flags_win_over_the_environment_and_the_environment_over_the_file(tmp_path: Path) -> None:
    written(tmp_path, 'state = "from-file"\nhttps_port = 1000\nmedia_port = 1001\n')
    assert load(None, {}, {}, cwd=tmp_path).state == "from-file"
    environment = {"GIAOBAN_STATE": "from-environment"}
    assert load(None, environment, {}, cwd=tmp_path).state == "from-environment"
    config = load(None, environment, {"state": "from-flag", "https_port": 2000}, cwd=tmp_path)
    assert (config.state, config.https_port, config.media_port) == ("from-flag", 2000, 1001)


def test_the_database_is_sqlite_in_the_state_directory_unless_named() -> None:
    assert Config(state="/srv/giaoban").database_url == "sqlite:////srv/giaoban/giaoban.sqlite3"
    named = "postgresql+psycopg://giaoban@/giaoban"
    assert Config(database=named).database_url == named


def test_for_an_unknown_setting_the_nearest_known_one_is_suggested(tmp_path: Path) -> None:
    error = complaint(tmp_path, "htps_port = 8443\n")
    assert "htps_port" in error.text
    assert error.remedy == "Did you mean https_port?"


def test_a_wrong_type_names_the_setting(tmp_path: Path) -> None:
    assert "https_port" in complaint(tmp_path, 'https_port = "eight"\n').text


def test_a_port_out_of_range_names_the_setting(tmp_path: Path) -> None:
    assert "media_port" in complaint(tmp_path, "media_port = 70000\n").text


def test_as_many_media_addresses_as_can_be_served_may_be_named(tmp_path: Path) -> None:
    named = [f"192.0.2.{number}" for number in range(MAX_ADDRESSES)]
    assert build({"media_addresses": named}).media_addresses == tuple(named)
    assert "media_addresses" in complaint(tmp_path, f"media_addresses = {[*named, '192.0.2.99']}").text


def test_a_broken_file_is_named_with_the_line(tmp_path: Path) -> None:
    error = complaint(tmp_path, "https_port = \n")
    assert "giaoban.toml" in error.text
    assert "line 1" in error.text


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml"):
        load(tmp_path / "nothing.toml", {}, {}, cwd=tmp_path)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('certificate = "a.pem"\n', "belong together"),
        ("https_port = 8444\n", "both need the TCP port"),
        ("media_port = 8442\nworkers = 2\n", "both need the TCP port"),
        ("media_port = 65535\nworkers = 2\n", "range of ports"),
        ('advertise = ["my.host.vn"]\n', "not an IP address"),
        ('trusted_proxies = ["my.host.vn"]\n', "neither an address nor a network"),
        ('trusted_proxies = ["0.0.0.0/0"]\n', "is everybody"),
        ('turn_urls = ["turns:turn.example.vn:443?transport=tcp"]\n', "belong together"),
        ('turn_secret_file = "secret"\n', "belong together"),
        ('turn_secret_file = "x"\nturn_urls = ["https://turn.example.vn"]\n', "not the address of a relay"),
        ('turn_secret_file = "x"\nturn_urls = ["turn:a b"]\n', "not the address of a relay"),
        ('host = "::"\n', "host"),
        ('log_level = "loud"\n', "log_level"),
    ],
)
def test_contradicting_settings_are_refused(tmp_path: Path, text: str, word: str) -> None:
    assert word in complaint(tmp_path, text).text


@pytest.mark.parametrize(
    "url",
    [
        "turns:turn.example.vn:443?transport=tcp",
        "turn:192.168.1.11",
        "turn:[fd00::11]:3478?transport=udp",
    ],
)
def test_a_relay_is_written_as_browsers_write_it(url: str) -> None:
    assert build({"turn_urls": [url], "turn_secret_file": "secret"}).turn_urls == (url,)


_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
_values = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@given(st.dictionaries(st.sampled_from([*Config.__struct_fields__, "other"]), _values, max_size=4))
def test_any_values_give_a_config_or_a_config_error(values: dict[str, object]) -> None:
    try:
        config = build(values)
    except ConfigError:
        pass
    else:
        assert 1 <= config.https_port <= 65535
