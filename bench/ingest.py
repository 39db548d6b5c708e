"""From the stream to the bitmaps, sustained, by one worker core; beside it bitmapist's mark_event, in the same run.

10 events a POST, a dozen traits an event and more, sessions, sums, repeats and the archive's stream on. The
stream is filled first; then this process, on a core of its own, drains it and seals whenever the log has the
size at which the worker would. Valkey has the other core and forces every batch to the disk.

A mark is one trait of one event in one slot: events x traits x 5 granularities. bitmapist marks one event
name in three slots. It runs on the worker's core as well, its server with everysec on the other. The ratio is
to its mark_event as its documentation shows it; in batches of a thousand it is faster, and that is printed too.
"""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench import peers
from bench.ground import product
from bench.ground.report import last_line, quick, two_cores
from bench.ground.servers import valkey
from cluster.embedded import EmbeddedServer

GRANULARITIES, BITMAPISTS = 5, 3  # slots that an event of ours and of bitmapist's is marked in
PACKETS_AN_ENTRY = 50  # as many requests as share a write of the collector under load


class Size(NamedTuple):
    """`seconds` and `visitors` are bitmapist's: how long each of its two ways runs, and over how many visitors."""

    events: int
    seconds: float
    visitors: int


FULL, QUICK = Size(600_000, 10.0, 2_000_000), Size(20_000, 1.0, 100_000)


@dataclass(frozen=True)
class Rate:
    events: float  # a second
    marks: float


def main() -> None:
    size = QUICK if quick() else FULL
    worker_core, server_core = two_cores()
    with tempfile.TemporaryDirectory(prefix="aktivat-ingest-") as folder:
        where = Path(folder)
        peer = _bitmapist(where / "peer", size, worker_core, server_core)
        with valkey(where / "cluster", cores=[server_core]) as server:
            ours = _aktivat(where, server, size.events, worker_core)
    print(f"Aktivat   {ours.events:10,.0f} events/s {ours.marks:12,.0f} marks/s (bar 25,000 events/s)")
    figures = {"events_per_second": ours.events, "marks_per_second": ours.marks}
    if peer:
        figures["ratio_to_bitmapist"] = ours.events / peer.events
        figures["marks_ratio_to_bitmapist"] = ours.marks / peer.marks
        print(f"Ratio to bitmapist: {figures['ratio_to_bitmapist']:.1f} in events (bar 3), ", end="")
        print(f"{figures['marks_ratio_to_bitmapist']:.1f} in marks (bar 50)")
    last_line(figures)


def _aktivat(folder: Path, server: EmbeddedServer, events: int, core: int) -> Rate:
    product.use(folder, server)
    from bench.ground import worker  # noqa: PLC0415 - Django's models can be imported only now

    prop = worker.property_of_its_own()
    traits = worker.fill(prop, events, PACKETS_AN_ENTRY)
    print(f"{events:,} events wait, {traits:.1f} traits each. Durability: fsync after each batch.")
    os.sched_setaffinity(0, [core])
    began = time.perf_counter()
    worker.work_off(prop)
    took = time.perf_counter() - began
    counted = worker.counted(prop)
    if counted != events:
        raise SystemExit(f"{counted} events were counted, {events} expected.")
    return Rate(events / took, events * traits * GRANULARITIES / took)


def _bitmapist(folder: Path, size: Size, worker_core: int, server_core: int) -> Rate | None:
    """The peer as its documentation shows it: three slots, hours off. None, and a word on it, where it is missing."""
    if not peers.version("bitmapist"):
        print("bitmapist is not installed, so nothing is compared: run ./aktivat bench peers")
        return None
    with valkey(folder, cluster=False, appendfsync="everysec", cores=[server_core]) as server:
        arguments = [str(server.port), server.password, str(size.seconds), str(size.visitors)]
        found = peers.run("peer_bitmapist", arguments, core=worker_core)
    rate = Rate(found["one_by_one"], found["one_by_one"] * BITMAPISTS)
    print(f"bitmapist {rate.events:10,.0f} events/s {rate.marks:12,.0f} marks/s", end="")
    print(f"; in batches {found['in_batches']:,.0f} events/s")
    return rate


if __name__ == "__main__":
    main()
