"""Where the compiled kernel is kept, and that nothing damaged is run."""

from pathlib import Path

import pytest

from sfu.fastpath.kernel.cache import NUMBAS_OWN, VARIABLE, choose, discard, is_whole, seal


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The kernel's folder of an installed program, which nobody may write to."""
    kernel = tmp_path / "site-packages" / "sfu" / "fastpath" / "kernel"
    kernel.mkdir(parents=True)
    (kernel / "accept.py").write_text("def accept(): ...")
    (kernel / "__pycache__").write_text("in the way: even root makes no folder here")
    return kernel


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The same in a source tree."""
    kernel = tmp_path / "src" / "sfu" / "fastpath" / "kernel"
    kernel.mkdir(parents=True)
    (tmp_path / "src" / "pyproject.toml").touch()
    return kernel


def test_an_installed_program_uses_the_folder_it_is_given(tmp_path: Path, installed: Path) -> None:
    state = tmp_path / "state" / "kernel"
    chosen = choose(installed, {VARIABLE: str(state)})
    assert chosen is not None
    assert chosen.parent == state
    assert chosen.is_dir()


def test_without_any_folder_there_is_no_cache(installed: Path) -> None:
    assert choose(installed, {}) is None


def test_numbas_own_setting_wins(tmp_path: Path, installed: Path, checkout: Path) -> None:
    settings = {VARIABLE: str(tmp_path / "state"), NUMBAS_OWN: str(tmp_path / "own")}
    for kernel in (installed, checkout):
        chosen = choose(kernel, settings)
        assert chosen is not None
        assert chosen.parent == tmp_path / "own"


def test_a_source_tree_has_one_for_all_its_processes(tmp_path: Path, checkout: Path) -> None:
    chosen = choose(checkout, {VARIABLE: str(tmp_path / "state")})
    assert chosen is not None
    assert chosen.parent == checkout / "__pycache__"
    assert choose(checkout, {}) == chosen


def test_another_source_has_another_folder_and_the_old_one_goes(tmp_path: Path, checkout: Path) -> None:
    first = choose(checkout, {})
    (checkout / "accept.py").write_text("def accept(): ...")
    second = choose(checkout, {})
    assert first is not None
    assert second is not None
    assert second != first
    assert not first.exists()


@pytest.mark.parametrize("left", [b"", b"machine", b"\0" * 12])
def test_machine_code_that_a_power_cut_damaged_is_noticed(tmp_path: Path, left: bytes) -> None:
    code = tmp_path / "kernel_1" / "accept.accept-15.1.nbc"
    code.parent.mkdir()
    assert not is_whole(tmp_path)
    code.write_bytes(b"machine code")
    assert not is_whole(tmp_path)
    seal(tmp_path)
    assert is_whole(tmp_path)
    code.write_bytes(left)
    assert not is_whole(tmp_path)
    discard(tmp_path)
    assert not code.exists()


@pytest.mark.parametrize("seal_left", [b"", b"[]", b"{", b'{"gone.nbc": "0"}'])
def test_a_damaged_seal_seals_nothing(tmp_path: Path, seal_left: bytes) -> None:
    seal(tmp_path)
    (tmp_path / "seal.json").write_bytes(seal_left)
    assert not is_whole(tmp_path)
