"""What there is to start: each part's name, command, and how long it may take to stop."""

import sys
from dataclasses import dataclass

from aktivat_site.up.options import ROOT, Options

# Long-polls and sockets are held open; above this many the server would let new requests wait.
MOST_REQUESTS_AT_ONCE = 10_000
WORKER_PROCESSES = 2
# In this order: nothing new arrives, tasks end, then the servers write what they hold.
STOP_ORDER = ("demo", "web", "worker", "slow_worker", "broker", "cluster")


@dataclass(frozen=True)
class Part:
    """`name` is also the name of its log and pid file; `label` is for people."""

    name: str
    label: str
    command: tuple[str, ...]
    seconds_to_stop: float = 15


def web(options: Options) -> Part:
    command = (
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--workers", "1"),
        *("--host", options.host, "--port", str(options.port)),
        *("--backpressure", str(MOST_REQUESTS_AT_ONCE), "--backlog", "2048"),
        *("--http1-header-read-timeout", "10000", "--workers-kill-timeout", "10"),
        *("--no-access-log", "--log-level", "warning"),
        "aktivat_site.asgi:application",
    )
    return Part("web", "web", command)


def worker() -> Part:
    command = (
        *(sys.executable, "-m", "celery", "-A", "aktivat_site.celery", "worker", "-B", "-Q", "drain,seal"),
        *("-c", str(WORKER_PROCESSES), "--without-gossip", "--without-mingle", "-l", "WARNING"),
    )
    return Part("worker", "worker", command, seconds_to_stop=60)


def slow_worker() -> Part:
    """One task at a time, in the process itself: what may take minutes must not keep events waiting."""
    command = (
        *(sys.executable, "-m", "celery", "-A", "aktivat_site.slow_celery", "worker", "-n", "slow@%h", "-Q", "slow"),
        *("--pool", "solo", "--without-gossip", "--without-mingle", "-l", "WARNING"),
    )
    return Part("slow_worker", "slow worker", command, seconds_to_stop=60)


def demo_traffic(options: Options) -> Part:
    return Part("demo", "demo", manage("demo_traffic", "--server", options.local_url), seconds_to_stop=5)


def manage(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(ROOT / "manage.py"), *arguments)
