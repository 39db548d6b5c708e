"""An ordered funnel of four steps within a day, to the millisecond, against ClickHouse's windowFunnel.

Steps follow each other strictly later, the last at most a day after the first. ClickHouse counts with
windowFunnel('strict_increase') on UInt64 milliseconds, its table ordered by (name, day, visitor). Aktivat reads the
compacted files of its archive each time; the same steps as arrays in memory show what the reading costs. All answers
must be the same. Warm is the median of five.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import peers
from bench.dataset import EVENTS, Dataset, Shape
from bench.ground import product, tables
from bench.ground.report import last_line, median_seconds, quick
from bench.ground.servers import valkey
from bench.ground.table import Loading
from bench.ground.visits import DAY_MS
from bench.peers import ClickHouse
from tracking.archive.funnels import funnel

QUICK_EVENTS = 400_000
TIMES = 5
Steps = list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]

_CONDITIONS = ", ".join(f"name = '{name}'" for name in tables.FUNNEL)
_NAMES = ", ".join(f"'{name}'" for name in tables.FUNNEL)
SQL = f"""
    SELECT level, count() FROM (
        SELECT visitor, windowFunnel({DAY_MS}, 'strict_increase')(at, {_CONDITIONS}) AS level
        FROM events WHERE name IN ({_NAMES}) GROUP BY visitor)
    WHERE level > 0 GROUP BY level ORDER BY level
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="An ordered funnel, against ClickHouse.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--events", type=int, default=EVENTS)
    options = parser.parse_args()
    events = QUICK_EVENTS if quick() else options.events
    print(f"ClickHouse of chdb {peers.require('chdb')}; {events:,} events.")
    with tempfile.TemporaryDirectory(prefix="aktivat-funnel-") as folder:
        last_line(measure(Dataset(Shape(events=events)), Path(folder)))


def measure(data: Dataset, folder: Path) -> dict[str, float]:
    """The figures. Raises SystemExit when ClickHouse's answer is another one."""
    with ClickHouse(folder / "clickhouse").open() as house:
        steps = _load(data, house, folder)
        found = funnel(steps, DAY_MS)
        share = found[0] / data.shape.visitors
        print(f"Visitors at each step: {', '.join(f'{count:,}' for count in found)}; the first is {share:.0%} of all.")
        if share < 0.3:
            raise SystemExit("The first step must be done by 30 % of the visitors.")
        if (theirs := _reached(house.query(SQL).rows)) != found:
            raise SystemExit(f"ClickHouse says {theirs}.")
        clickhouse = statistics.median(house.query(SQL).seconds for _ in range(TIMES))
    in_memory = median_seconds(lambda: funnel(steps, DAY_MS), TIMES)
    engine = engine_seconds(data, found, folder)
    print(f"ClickHouse {clickhouse * 1e3:,.0f} ms; Aktivat {engine * 1e3:,.0f} ms (bar: not slower), ", end="")
    print(f"{in_memory * 1e3:,.0f} ms of it without the reading")
    return {"ratio_to_clickhouse": clickhouse / engine, "ratio_of_arrays_in_memory": clickhouse / in_memory}


def engine_seconds(data: Dataset, expected: list[int], folder: Path) -> float:
    """The seconds that Aktivat needs from its archive. Raises SystemExit when its answer is another one."""
    with valkey(folder / "cluster", appendfsync="everysec") as server:
        product.use(folder, server)
        from bench.ground import walked  # noqa: PLC0415 - Django's models can be imported only now

        ask = walked.asker(data, DAY_MS)
        if (said := ask()) != expected:
            raise SystemExit(f"Aktivat says {said} from its archive.")
        return median_seconds(ask, TIMES)


def _load(data: Dataset, house: ClickHouse, folder: Path) -> Steps:
    """Fill ClickHouse's table; the (visitor, time) of every event of each step."""
    loading = Loading(house, folder)
    parts: list[Steps] = [[] for _ in tables.FUNNEL]
    for events in data.days():
        loading.add(data, events)
        for step, rows in enumerate(parts):
            did = events.name == step
            rows.append((events.visitor[did], events.at[did]))
    loading.finish()
    return [(np.concatenate([who for who, _ in rows]), np.concatenate([at for _, at in rows])) for rows in parts]


def _reached(rows: list[list[Any]]) -> list[int]:
    """From (furthest step, visitors) to how many reached each step."""
    furthest = {int(level): int(count) for level, count in rows}
    steps = len(tables.FUNNEL)
    return [sum(furthest.get(level, 0) for level in range(step, steps + 1)) for step in range(1, steps + 1)]


if __name__ == "__main__":
    main()
