"""All numbers of a property made anew from its archive: bitmaps, columns and sessions' sums, on two cores.

The data set is written as compacted files of the archive first. Afterwards what the rebuilt bitmaps and totals
say is compared with a count over the data set's own columns.
"""

import argparse
import tempfile
import time
from pathlib import Path

from bench.dataset import EVENTS, Dataset, Shape
from bench.ground import product
from bench.ground.report import last_line, quick
from bench.ground.servers import valkey
from cluster.embedded import EmbeddedServer

QUICK = Shape(events=60_000, days=10)
JOBS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description="All numbers anew from the archive.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--events", type=int, default=EVENTS)
    options = parser.parse_args()
    data = Dataset(QUICK if quick() else Shape(events=options.events))
    with tempfile.TemporaryDirectory(prefix="aktivat-rebuild-") as folder:
        where = Path(folder)
        with valkey(where / "cluster", appendfsync="everysec") as server:
            last_line(measure(data, where, server))


def measure(data: Dataset, folder: Path, server: EmbeddedServer) -> dict[str, float | int]:
    product.use(folder, server)
    from bench.ground import archived, checked, worker  # noqa: PLC0415 - Django's models can be imported only now
    from tracking.archive.store import store  # noqa: PLC0415
    from tracking.rebuild import rebuild  # noqa: PLC0415

    prop = worker.property_of_its_own()
    began = time.monotonic()
    first, last = archived.write(data, prop, store())
    print(f"{data.shape.events:,} events written into the archive in {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    events = rebuild(prop, first, last, jobs=JOBS)
    took = time.monotonic() - began
    checked.compare(data, prop)
    held = worker.bytes_held(prop)
    print(f"Rebuilt in {took:.0f} s: {events / took:,.0f} events/s (bar 200,000), all numbers compared")
    print(f"Bitmaps and columns: {held / events:.1f} bytes an event in Valkey")
    return {"events_per_second": events / took, "bitmap_bytes_per_event": held / events}


if __name__ == "__main__":
    main()
