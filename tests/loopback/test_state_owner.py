"""A command that root types acts as the owner of the state directory, whose files stay the owner's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.config import Config
from deploy.run.firstrun import prepare_database
from deploy.state import open_state

pytestmark = pytest.mark.loopback

ROOT = Path(__file__).parents[2]
SERVICE = 65_534


def typed(state: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments, f"--state={state}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def owners(state: Path) -> dict[str, int]:
    return {str(path.relative_to(state)): path.lstat().st_uid for path in state.rglob("*")}


def test_a_command_typed_by_root_before_the_first_entry_leaves_everything_to_the_service(
    tmp_path: Path,
) -> None:
    """On a path that only root may pass, as under systemd's /var/lib/private. A user who is not root owns
    the directory, and stays that user."""
    user = SERVICE if os.geteuid() == 0 else os.geteuid()
    state = tmp_path / "private" / "giaoban"
    open_state(state)
    prepare_database(Config(state=str(state)))
    (state / "audit.head").unlink(missing_ok=True)
    if os.geteuid() == 0:
        (state / "audit.head").touch(0o600)  # an older program, run as root
        for path in (state, *state.rglob("*")):
            if path.name != "audit.head":
                os.chown(path, user, user)
    typed(state, "account", "add", "khoa-nhi", "--name", "Khoa Nhi")
    assert set(owners(state).values()) == {user}
    assert "none changed" in typed(state, "audit", "verify")


def test_a_link_gives_no_foreign_file_away(tmp_path: Path) -> None:
    """The owner of the directory may put into it what root then looks at."""
    state, foreign = tmp_path / "var", tmp_path / "shadow"
    foreign.write_text("root's")
    before = foreign.stat().st_uid
    open_state(state)
    (state / "audit.head").symlink_to(foreign)
    os.link(foreign, state / "recorder.key")
    if os.geteuid() == 0:
        os.chown(state, SERVICE, SERVICE)
    acting = "import sys, pathlib, deploy.owner as o; o.act_as_owner(pathlib.Path(sys.argv[1]), read_on=True)"
    subprocess.run([sys.executable, "-c", acting, str(state)], cwd=ROOT, check=True, timeout=60)
    assert foreign.stat().st_uid == before
