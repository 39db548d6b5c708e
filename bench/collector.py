"""How much of a server's capacity the collector leaves: durable single-event POSTs against answers without work.

    load generator ──► granian ──► collector ──► Valkey, appendfsync always        202
      one core     ──► granian ──► noop.application                                204
                   ──► granian ──► noop.reading                                    204
                        the other core, its Valkey included

Runs alternate (A B C A B C …) on the same cores with the same requests; the ratio is of the medians. The
collector is the product's own application: it decodes and checks the JSON, finds the property, looks
the address up and answers when the append is on disk.

"No work" is meant to the letter: it does not even read the body, which the server hands over only when asked.
That is the strictest measure, and `ratio_to_noop` is against it. `ratio_to_reading` is against who takes the
body and throws it away: what lies between the two is the server's own, and no application can save it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from bench.dataset import Dataset, Shape
from bench.ground import tables
from bench.ground.load import post, write
from bench.ground.report import last_line, quick, spread, two_cores
from bench.ground.servers import ROOT, descendants, granian, valkey
from bench.ground.wire import requests

REQUESTS = 20_000
CONNECTIONS, DEPTH = 256, 2
COLLECTOR, NOOP, READING = "collector", "no work", "body read"
APPLICATIONS = {
    COLLECTOR: "aktivat_site.asgi:application",
    NOOP: "bench.ground.noop:application",
    READING: "bench.ground.noop:reading",
}


class Run(NamedTuple):
    """Requests answered in a second, and for each second of CPU time of the servers, Valkey included."""

    rate: float
    per_cpu_second: float


def main() -> None:
    is_quick = quick()
    rounds, seconds = (1, 3.0) if is_quick else (7, 8.0)
    server_core, load_core = two_cores()
    print(f"Durability: fsync before the answer (appendfsync always). {CONNECTIONS} connections, {DEPTH} each at once.")
    with tempfile.TemporaryDirectory(prefix="aktivat-collector-") as folder, ExitStack() as stack:
        where = Path(folder)
        account_id, environment = stack.enter_context(_product(where, server_core))
        write(where / "requests", _requests(account_id, REQUESTS))
        ports = {
            name: stack.enter_context(granian(application, cores=[server_core], environment=environment))
            for name, application in APPLICATIONS.items()
        }
        runs: dict[str, list[Run]] = {name: [] for name in ports}
        for _ in range(rounds):
            for name, port in ports.items():
                runs[name].append(_run(name, port, seconds, where / "requests", load_core))
    for name, some in runs.items():
        print(f"{name:10} {spread(run.rate for run in some)} requests/s", end="; ")
        print(f"{spread(run.per_cpu_second for run in some)} for a second of CPU time")
    figures = {"requests_per_second": statistics.median(run.rate for run in runs[COLLECTOR])}
    for name, key in ((NOOP, "ratio_to_noop"), (READING, "ratio_to_reading")):
        figures[key] = _ratio(runs, name, lambda run: run.rate)
        figures[f"cpu_{key}"] = _ratio(runs, name, lambda run: run.per_cpu_second)
        print(f"To {name}: {figures[key]:.3f}; of the CPU time {figures[f'cpu_{key}']:.3f}")
    print("The bar is 0.5 of no work. The ratio of the CPU time suffers less from other work on the machine.")
    last_line(figures)


def _ratio(runs: dict[str, list[Run]], to: str, what: Callable[[Run], float]) -> float:
    return statistics.median(map(what, runs[COLLECTOR])) / statistics.median(map(what, runs[to]))


@contextmanager
def _product(folder: Path, core: int) -> Iterator[tuple[int, dict[str, str]]]:
    """(account, environment) of a data folder with one property and its servers running."""
    with (
        valkey(folder / "cluster", cores=[core]) as data,
        valkey(folder / "broker", cluster=False, appendfsync="everysec", cores=[core]) as broker,
    ):
        environment = {
            "AKTIVAT_DATA": str(folder),
            "AKTIVAT_CLUSTER": data.url,
            "AKTIVAT_BROKER": broker.url,
            "AKTIVAT_PUBLIC_URL": "http://127.0.0.1",
            # Nothing reads the stream here, and what it may hold is no part of the question.
            "AKTIVAT_STREAM_LIMIT": "1000000000",
        }
        _manage(environment, "migrate", "--verbosity", "0")
        made = _manage(environment, *_account())
        yield int(json.loads(made.splitlines()[-1])["account_id"]), environment


def _account() -> list[str]:
    options = {"email": "bench@aktivat.example", "password": "correct horse battery", "name": "Bench"}
    return ["create_account", *(f"--{name}={value}" for name, value in options.items()), f"--property={tables.HOST}"]


def _manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return done.stdout


def _requests(account_id: int, count: int) -> list[bytes]:
    """Single-event POSTs of the data set's last day, brought to the day before now."""
    data = Dataset(Shape(events=count * 45))
    *_, last = data.days()
    shift = time.time_ns() // 1_000_000 - int(last.at[-1])
    path = f"/track/it?account={account_id}"
    sent = islice(requests(data, last, account_id, size=1, shift=shift), count)
    return [post(path, one.body, one.user_agent) for one in sent]


def _run(name: str, port: int, seconds: float, path: Path, core: int) -> Run:
    """One run. Raises SystemExit when an answer was another than it should be."""
    arguments = [str(port), str(seconds), str(CONNECTIONS), str(DEPTH), str(path)]
    before = _cpu_seconds()
    command = ["taskset", "-c", str(core), sys.executable, "-m", "bench.ground.load", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    used = _cpu_seconds() - before
    counted = json.loads(done.stdout)
    took, own, in_all = (counted.pop(what) for what in ("seconds", "own_load", "in_all"))
    good = "202" if name == COLLECTOR else "204"
    if set(counted) != {good}:
        raise SystemExit(f"{name}: answers by status {counted}, {good} expected.")
    run = Run(counted[good] / took, in_all / used)
    print(f"  {name:10} {run.rate:9,.0f} requests/s, {run.per_cpu_second:9,.0f} for a second of CPU time", end="")
    print(f"   (the generator's core {own:.0%} busy)", flush=True)
    return run


def _cpu_seconds() -> float:
    """What the servers that this process started have used, their own children included."""
    ticks = 0
    for pid in descendants(os.getpid()):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime and stime: proc(5)
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
