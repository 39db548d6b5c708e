"""From a fresh clone to the first event in the overview, and what all parts hold in memory at rest.

Two clones share one package cache: the first fills it and is thrown away, the second is measured.
`--quick` uses the packages that are installed here and measures the start alone.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from tests.stack import ROOT, Stack, wait_for

SECONDS_OF_REST = 30


def main() -> None:
    quick = "--quick" in sys.argv
    with tempfile.TemporaryDirectory(prefix="aktivat-startup-") as folder:
        where = Path(folder)
        os.environ["PIP_CACHE_DIR"] = str(where / "cache")
        if quick:
            print("Quick: packages as installed here, 5 s of rest.")
            result = measure(where / "quick", ROOT, rest=5)
        else:
            filled = measure(where / "first", clone(where / "first"), rest=0)
            print(f"With an empty cache, the download included: {filled['seconds_to_first_event']:.1f} s")
            result = measure(where / "second", clone(where / "second"), rest=SECONDS_OF_REST)
    print(f"To the first event: {result['seconds_to_first_event']:.1f} s (bar 60)")
    print(f"At rest: {result['idle_rss_mb']:.0f} MB in all (bar 400)")
    print(f"         {result['rss_sum_mb']:.0f} MB when shared pages count once for each process")
    print(json.dumps(result))


def clone(folder: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def measure(folder: Path, repository: Path, rest: float) -> dict[str, Any]:
    """Start Aktivat from `repository` without the demo, send one event, read it back, then let it rest."""
    data = folder / "data-of-the-benchmark"
    data.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    stack = Stack(data, repository=repository)
    stack.start("--no-demo")
    ready = time.monotonic()
    made = stack.create_account("bench@aktivat.example", "bench.example")
    created = time.monotonic()
    send_event(stack, made)
    wait_for(lambda: pageviews(stack, made) == 1, 30)
    seen = time.monotonic()
    time.sleep(rest)
    proportional, resident = memory_mb(stack)
    stack.stop()
    shutil.rmtree(folder, ignore_errors=True)
    print(f"  ready after {ready - began:.1f} s; event visible {seen - created:.2f} s after it was sent")
    # Making the account is the operator's own time.
    seconds = seen - began - (created - ready)
    return {
        "seconds_to_first_event": round(seconds, 1),
        "idle_rss_mb": round(proportional, 1),
        "rss_sum_mb": round(resident, 1),
    }


def send_event(stack: Stack, made: dict[str, Any]) -> None:
    event = {"name": "pageview", "at": time.time_ns() // 1_000_000, "url": "https://bench.example/"}
    ids = {"visitor": str(uuid.uuid4()), "session": str(uuid.uuid4())}
    body = json.dumps({"account": made["account_id"], **ids, "events": [event]}).encode()
    assert stack.send(f"/track/it?account={made['account_id']}", body).status == 202


def pageviews(stack: Stack, made: dict[str, Any]) -> int:
    request = urllib.request.Request(
        f"{stack.url}/api/v1/properties/{made['property_id']}/reports/overview/?period=today",
        headers={"Authorization": f"Bearer {made['api_token']}"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        return int(json.load(reply)["pageviews"]["now"])


def memory_mb(stack: Stack) -> tuple[float, float]:
    """(proportional, resident) set size of the supervisor and everything below it, in MB."""
    assert stack.process is not None
    totals = {"Pss": 0, "Rss": 0}
    for pid in descendants(stack.process.pid):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in totals:
                totals[name] += int(rest.split()[0])
    return totals["Pss"] / 1024, totals["Rss"] / 1024


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in descendants(int(child)))]


if __name__ == "__main__":
    main()
