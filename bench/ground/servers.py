"""The embedded Valkey servers and granian, as `aktivat up` starts them, for the time of a benchmark."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cluster.embedded import EmbeddedServer, free_port

FIRST_PORT = 20_100
START_SECONDS = 30
ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def valkey(
    folder: Path, *, cluster: bool = True, appendfsync: str = "always", cores: Sequence[int] = ()
) -> Iterator[EmbeddedServer]:
    """A server that keeps its files in `folder`, bound to `cores` when some are given."""
    first = FIRST_PORT + os.getpid() % 800 * 3
    server = EmbeddedServer(folder, free_port(first), "benchmark", cluster, appendfsync)
    with running(server.command(), cores=cores):
        server.wait_until_ready()
        yield server


@contextmanager
def granian(application: str, *, cores: Sequence[int], environment: Mapping[str, str]) -> Iterator[int]:
    """`application` under granian with the options of `aktivat up`; yields the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--workers", "1"),
        *("--host", "127.0.0.1", "--port", str(port), "--backpressure", "10000", "--backlog", "2048"),
        *("--http1-header-read-timeout", "10000", "--no-access-log", "--log-level", "warning", application),
    ]
    with running(command, cores=cores, environment=environment) as process:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"granian did not start {application}.")
            time.sleep(0.05)
        yield port


@contextmanager
def running(
    command: Sequence[str], *, cores: Sequence[int] = (), environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of its own for the time of the block, ended by SIGTERM."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    process = subprocess.Popen(list(command), cwd=ROOT, env=environ, stdin=subprocess.DEVNULL)
    if cores:
        os.sched_setaffinity(process.pid, cores)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def descendants(pid: int) -> list[int]:
    """The processes that `pid` started, and those that they did."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for child in children for each in (int(child), *descendants(int(child)))]
