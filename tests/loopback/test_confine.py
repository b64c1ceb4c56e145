"""A process that gave up what it does not need: whoever takes it over finds neither database nor key."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.confine import version

pytestmark = pytest.mark.loopback

ROOT = Path(__file__).parents[2]
TAKEN_OVER = """
import json, os, signal, socket, sys, threading
from pathlib import Path
from deploy.child import give_up_what_is_not_needed
from deploy.run.processes import MediaSettings, RecorderSettings, decode

state, run, parent, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
settings = decode(sys.stdin.buffer.read())
give_up_what_is_not_needed(settings.needs())

said = {}
def tried(name, work):
    try:
        work()
        said[name] = "done"
    except OSError as error:
        said[name] = type(error).__name__

for file in ("giaoban.sqlite3", "pki/ca.key", "recorder.key", "audit.key", "audit.head", "database"):
    tried(file, (state / file).read_bytes)
tried("link", (run / "link").read_bytes)
tried("write", lambda: (state / "giaoban.sqlite3").write_bytes(b""))
tried("remove", (state / "audit.head").unlink)
tried("make", lambda: (state / "new").write_bytes(b""))
tried("another process", lambda: os.kill(parent, 0))
tried("its memory", lambda: Path(f"/proc/{parent}/mem").open("rb"))
tried("tcp", lambda: socket.create_connection(("127.0.0.1", port), 5).close())
thread = threading.Thread(target=lambda: tried("thread", (state / "giaoban.sqlite3").read_bytes))
thread.start()
thread.join()

def listen():
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(run / "own"))
    (run / "own").unlink()

tried("own socket", listen)
tried("own status", Path("/proc/self/status").read_bytes)
tried("kernel", lambda: (state / "kernel" / "code").write_bytes(b"x"))
tried("recordings", lambda: (state / "recordings" / "segment").write_bytes(b"x"))
if isinstance(settings, MediaSettings):
    import sfu.worker
else:
    import recorder.process
print(json.dumps(said))
"""
KEPT = ("giaoban.sqlite3", "pki/ca.key", "audit.key", "audit.head", "database")
NEVER = (*KEPT, "link", "write", "remove", "make", "thread")
ALWAYS = ("own socket", "own status")


def taken_over(tmp_path: Path, settings: dict[str, object], *foreign: str) -> dict[str, str]:
    state, run = tmp_path / "state", tmp_path / "run"
    for folder in (state / "pki", state / "kernel", state / "recordings", run):
        folder.mkdir(parents=True)
    for file in (*KEPT, *foreign):
        (state / file).write_bytes(b"secret")
    (run / "link").symlink_to(state / "giaoban.sqlite3")
    whole = {"log_level": "info", "socket_path": str(run / "line"), "state": str(state), **settings}
    arguments = (str(state), str(run), str(os.getpid()), "1")
    done = subprocess.run(
        [sys.executable, "-c", TAKEN_OVER, *arguments],
        input=json.dumps(whole).encode(),
        capture_output=True,
        cwd=ROOT,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    said: dict[str, str] = json.loads(done.stdout)
    assert {name: said[name] for name in ALWAYS} == dict.fromkeys(ALWAYS, "done")
    if version():
        assert {name: said[name] for name in NEVER} == dict.fromkeys(NEVER, "PermissionError")
        assert said["its memory"] == "PermissionError"
        assert said["tcp"] == ("PermissionError" if version() >= 4 else "ConnectionRefusedError")
        assert said["another process"] == ("PermissionError" if version() >= 6 else "done")
    else:
        assert b"not-confined why=no-landlock" in done.stderr
    return said


def test_a_media_worker_that_was_taken_over(tmp_path: Path) -> None:
    media = {
        "type": "media",
        "addresses": [],
        "advertise": [],
        "port": 1,
        "tap_socket": "",
        "kernel_cache": str(tmp_path / "state" / "kernel"),
    }
    said = taken_over(tmp_path, media, "recorder.key")
    assert said["kernel"] == "done"
    if version():
        assert (said["recorder.key"], said["recordings"]) == ("PermissionError", "PermissionError")


def test_a_recorder_that_was_taken_over(tmp_path: Path) -> None:
    state = tmp_path / "state"
    recorder = {
        "type": "recorder",
        "tap_sockets": [],
        "recordings": str(state / "recordings"),
        "signing_key": str(state / "recorder.key"),
        "reserve_mb": 0,
        "segment_s": 10,
        "may_swap": True,
    }
    said = taken_over(tmp_path, recorder)
    assert (said["recorder.key"], said["recordings"]) == ("done", "done")
    if version():
        assert said["kernel"] == "PermissionError"
