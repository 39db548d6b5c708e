"""`./aktivat up` as a whole: what it leaves on the disk and in the process list, and what it survives."""

import http.client
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis

from cluster import heartbeats
from tests.aktivat_site.processes import alive, command_lines, family
from tests.stack import ROOT, Stack, free_web_port, wait_for

pytestmark = pytest.mark.slow
SECONDS = 60


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One Aktivat for the tests that leave it running."""
    stack = Stack(tmp_path_factory.mktemp("up"))
    stack.start("--no-demo")
    yield stack
    stack.stop()


def said(stack: Stack) -> str:
    return (stack.folder / "up.log").read_text()


def readyz(stack: Stack) -> dict[str, dict[str, object]]:
    parts: dict[str, dict[str, object]] = json.loads(stack.send("/readyz").body)["parts"]
    return parts


def data_of(stack: Stack) -> Redis:
    """A client of its only data node."""
    return Redis.from_url(json.loads((stack.folder / "run" / "servers.json").read_text())["cluster"])


def up(*options: str) -> "subprocess.CompletedProcess[str]":
    """`./aktivat up` where it must refuse."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AKTIVAT_")}
    command = [sys.executable, "aktivat", "up", *options]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_it_tells_each_part_and_its_address(running: Stack) -> None:
    wait_for(lambda: "Ctrl-C stops it." in said(running), SECONDS)
    for label in ("data Valkey", "broker Valkey", "database", "static files", "web", "worker", "slow worker"):
        assert f"\n  {label} " in said(running)
    assert f"Aktivat runs at {running.url}/\n" in said(running)


def test_every_part_says_that_it_is_ready(running: Stack) -> None:
    assert running.send("/healthz").body == b"ok"
    answer = running.send("/readyz")
    assert (answer.status, json.loads(answer.body)) == (
        200,
        {
            "ready": True,
            "parts": {
                "database": {"ok": True},
                "cluster": {"ok": True, "durability": "fsync"},
                "broker": {"ok": True},
                "worker": {"ok": True},
            },
        },
    )
    assert "no-store" in answer.headers["Cache-Control"]


def test_secrets_are_for_this_user_only_and_shown_nowhere(running: Stack) -> None:
    addresses = json.loads((running.folder / "run" / "servers.json").read_text())
    assert set(addresses) == {"cluster", "broker", "web"}
    secrets = [urlsplit(addresses[name]).password for name in ("cluster", "broker")]
    secrets.append((running.folder / "secret_key").read_text())
    files = [running.folder / "secret_key", *(running.folder / "run").glob("*.password")]
    files += [running.folder / "run" / "servers.json", *running.folder.glob("*/valkey.conf")]
    assert len(files) == 6
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    logs = "".join(log.read_text() for log in [*running.folder.glob("**/*.log")])
    for secret in secrets:
        assert secret
        assert len(secret) >= 32
        assert secret not in command_lines()
        assert secret not in logs


def test_a_second_one_on_the_same_data_is_refused(running: Stack) -> None:
    done = up("--data", str(running.folder), "--port", "1")
    assert done.returncode == 1
    assert done.stderr == (
        f"Aktivat runs on {running.folder} already: stop it first, or choose another folder, ./aktivat up --data DIR\n"
    )


def test_a_second_one_on_the_same_port_is_refused(running: Stack, tmp_path: Path) -> None:
    done = up("--data", str(tmp_path), "--port", str(running.port))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {running.port} is in use: choose another, ./aktivat up --port ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("part", ["worker", "web", "broker", "cluster"])
def test_a_killed_part_starts_again(running: Stack, part: str) -> None:
    killed = running.pid(part)
    below = family(killed)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: running.pid(part) not in (0, killed), SECONDS)
    wait_for(lambda: not alive(below), SECONDS)
    wait_for(lambda: is_ready(running), SECONDS, lambda: said(running))
    log = running.folder / "logs" / f"{part}.log"
    assert f"ended (signal 9); starts again in 1 s; see {log}" in said(running)


def test_a_part_that_hangs_makes_it_unready_until_it_answers_again(running: Stack) -> None:
    wait_for(lambda: is_ready(running), SECONDS)
    broker = running.pid("broker")
    os.kill(broker, signal.SIGSTOP)
    try:
        answer = running.send("/readyz")
        parts = json.loads(answer.body)["parts"]
        assert answer.status == 503
        assert parts["broker"] == {"ok": False, "error": "no answer within 2 seconds"}
        assert parts["database"]["ok"]
        assert parts["cluster"]["ok"]
        assert running.send("/healthz").status == 200
    finally:
        os.kill(broker, signal.SIGCONT)
    wait_for(lambda: is_ready(running), SECONDS)
    assert running.pid("broker") == broker


def test_the_worker_goes_on_saying_that_it_is_alive(running: Stack) -> None:
    broker = Redis.from_url(json.loads((running.folder / "run" / "servers.json").read_text())["broker"])
    with broker:
        wait_for(lambda: is_ready(running), SECONDS)
        broker.delete(heartbeats.WORKER)
        wait_for(lambda: bool(broker.exists(heartbeats.WORKER)), SECONDS)


def test_create_account_prints_what_scripts_need(running: Stack) -> None:
    made = running.create_account("owner@shop.example", "shop.example")
    assert set(made) == {"account_id", "property_id", "api_token"}
    assert made["api_token"].startswith("akt_")


def is_ready(stack: Stack) -> bool:
    try:
        return stack.send("/readyz").status == 200
    except (OSError, http.client.HTTPException):
        return False


def test_a_second_start_has_the_data_and_a_stop_leaves_nothing_running(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.start("--no-demo")
    assert stack.process is not None
    stack.create_account("owner@shop.example", "shop.example")
    with data_of(stack) as client:
        client.set("{7::7}::kept", "yes")
    passwords = {file.name: file.read_text() for file in (tmp_path / "run").glob("*.password")}
    below = family(stack.process.pid)
    assert len(below) >= 8  # supervisor, two Valkey, web and its worker, worker and its processes
    stack.stop()
    assert alive(below) == {}
    assert list((tmp_path / "run").glob("*.pid")) == []
    assert not (tmp_path / "run" / "servers.json").exists()
    assert said(stack).endswith("Stopping; once more stops at once.\nStopped. The data stays.\n")
    for log in (tmp_path / "logs").glob("*worker.log"):  # their broker is there until they have ended
        assert "Cannot connect" not in log.read_text()

    stack.start("--no-demo")
    with data_of(stack) as client:
        assert client.get("{7::7}::kept") == b"yes"
    assert {file.name: file.read_text() for file in (tmp_path / "run").glob("*.password")} == passwords
    command = [sys.executable, "aktivat", "manage", "--data", str(tmp_path), "create_account"]
    options = [
        "--email",
        "owner@shop.example",
        "--password",
        "correct horse battery",
        "--name",
        "A",
        "--property",
        "a.b",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AKTIVAT_")}
    again = subprocess.run([*command, *options], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "There is a user owner@shop.example already" in again.stderr
    stack.stop()


def test_a_killed_supervisor_leaves_nothing_running(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.start("--no-demo")
    assert stack.process is not None
    below = family(stack.process.pid)
    stack.process.kill()
    stack.process.wait()
    # Where the kernel does not end the children, the next start does.
    if sys.platform == "linux":
        wait_for(lambda: not alive(below), SECONDS, lambda: str(alive(below)))
    stack.start("--no-demo")
    assert alive(below) == {}
    stack.stop()


def test_a_stop_while_it_starts_leaves_nothing_running(tmp_path: Path) -> None:
    stack = Stack(tmp_path, free_web_port())
    process = launched(stack)
    wait_for(lambda: "broker Valkey" in said(stack), SECONDS)
    below = family(process.pid)
    assert len(below) >= 3
    process.terminate()
    assert process.wait(timeout=SECONDS) == 0
    assert alive(below) == {}


def test_asked_twice_it_does_not_wait_for_a_part_that_hangs(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.start("--no-demo")
    assert stack.process is not None
    below = family(stack.process.pid)
    os.kill(stack.pid("worker"), signal.SIGSTOP)
    stack.process.terminate()
    wait_for(lambda: "Stopping" in said(stack), SECONDS)
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(timeout=SECONDS) == 0
    assert "worker did not stop by itself; ended" in said(stack)
    assert alive(below) == {}


def test_a_bad_setting_ends_the_start_with_its_sentence(tmp_path: Path) -> None:
    stack = Stack(tmp_path, free_web_port())
    process = launched(stack, AKTIVAT_DEBUG="perhaps")
    assert process.wait(timeout=SECONDS) == 1
    assert "The step “database” failed: AKTIVAT_DEBUG is 'perhaps'; say yes or no. (see " in said(stack)
    assert list((tmp_path / "run").glob("*.pid")) == []


def launched(stack: Stack, **settings: str) -> "subprocess.Popen[bytes]":
    """`./aktivat up`, not waited for."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AKTIVAT_")}
    command = [sys.executable, "aktivat", "up", "--no-demo", "--data", str(stack.folder), "--port", str(stack.port)]
    with (stack.folder / "up.log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env={**environment, **settings}, stdout=log, stderr=log)
