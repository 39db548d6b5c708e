"""The standard questions on the data set: ClickHouse, bitmaps in memory, and Aktivat, with the same answers.

    data set ──► a table of ClickHouse (chdb), one row an event      warm and cold
        ├──────► bitmaps in memory, one for each trait and day       as fast as it could be at all
        └──────► Aktivat: archive, rebuild, Valkey                   as a report asks it (ground/asked.py)

Warm is the median of five. Cold is a new process with the files out of the page cache; for Aktivat one that
holds no bitmap. Of each way to ask ClickHouse the same thing the fastest counts. Every answer is compared with
the others.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench import peers
from bench.dataset import EVENTS, Dataset, Shape
from bench.ground import product
from bench.ground.memory_limit import Bitmaps
from bench.ground.questions import Answer, Question, standard
from bench.ground.report import Timed, last_line, median_seconds, quick
from bench.ground.servers import valkey
from bench.ground.table import Loading, drop_from_page_cache
from bench.peers import ClickHouse
from cluster.embedded import EmbeddedServer

QUICK_EVENTS = 60_000
TIMES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="The standard questions, against ClickHouse.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="draws the traits of segments")
    options = parser.parse_args()
    events = QUICK_EVENTS if quick() else options.events
    print(f"ClickHouse of chdb {peers.require('chdb')}, in memory and on disk as it likes; {events:,} events.")
    data = Dataset(Shape(events=events))
    with tempfile.TemporaryDirectory(prefix="aktivat-queries-") as folder:
        where = Path(folder)
        bitmaps = load(data, where)
        questions = standard(bitmaps, options.seed)
        answers = {question.name: question.operations(bitmaps) for question in questions}
        limit = {each.name: median_seconds(partial(each.operations, bitmaps), TIMES) for each in questions}
        house = clickhouse(questions, answers, where / "clickhouse")
        with valkey(where / "cluster", appendfsync="everysec") as server:
            engine = aktivat(data, questions, answers, where, server)
    last_line(compare(house, engine, limit))


def load(data: Dataset, folder: Path) -> Bitmaps:
    """The data set into a table of ClickHouse in `folder`, and into bitmaps."""
    bitmaps = Bitmaps()
    began = time.monotonic()
    with ClickHouse(folder / "clickhouse").open() as house:
        loading = Loading(house, folder)
        for events in data.days():
            loading.add(data, events)
            bitmaps.add(data, events)
        size = loading.finish()
    took = time.monotonic() - began
    print(f"Loaded in {took:.0f} s, of which ClickHouse {loading.seconds:.0f} s; {size:,} bytes on disk")
    return bitmaps


def compare(house: dict[str, Timed], engine: dict[str, Timed], limit: dict[str, float]) -> dict[str, float]:
    """The figures of all questions; `limit` is in seconds, on bitmaps in memory."""
    print(f"{'milliseconds':22}{'ClickHouse warm':>17}{'cold':>10}{'Aktivat warm':>15}{'cold':>8}{'in memory':>12}")
    for name, theirs in house.items():
        print(f"{name:22}{theirs.warm * 1e3:17,.1f}{theirs.cold * 1e3:10,.1f}", end="")
        print(f"{engine[name].warm * 1e3:15,.2f}{engine[name].cold * 1e3:8,.1f}{limit[name] * 1e3:12,.2f}")
    print("The bars: the geometric mean 100 x ClickHouse warm; each 2 x warm and 6 x cold in memory, or 1 ms and 5 ms.")
    return {
        "geomean_ratio_to_clickhouse": _geomean([house[name].warm / engine[name].warm for name in house]),
        "geomean_cold_ratio_to_clickhouse": _geomean([house[name].cold / engine[name].cold for name in house]),
        "worst_warm": max(at_bar(engine[name].warm, limit[name], 2, 0.001) for name in house),
        "worst_cold": max(at_bar(engine[name].cold, limit[name], 6, 0.005) for name in house),
    }


def aktivat(
    data: Dataset, questions: Sequence[Question], answers: dict[str, Answer], folder: Path, server: EmbeddedServer
) -> dict[str, Timed]:
    """Aktivat's seconds for each question. Raises SystemExit for an answer that differs."""
    product.use(folder, server)
    from bench.ground import asked  # noqa: PLC0415 - Django's models can be imported only now

    return asked.timed(asked.load(data), questions, answers)


def at_bar(seconds: float, limit: float, times: float, always_good: float) -> float:
    """1 at the bar: so many times the limit, or the seconds that are good enough whatever the limit is."""
    return seconds / max(limit * times, always_good)


def clickhouse(questions: Sequence[Question], answers: dict[str, Answer], folder: Path) -> dict[str, Timed]:
    """ClickHouse's seconds for each question, by its fastest way. Raises SystemExit for an answer that differs."""
    fastest: dict[str, tuple[float, str]] = {}
    with ClickHouse(folder).open() as house:
        for question in questions:
            for sql in question.sql:
                if question.answer(house.query(sql).rows) != answers[question.name]:
                    raise SystemExit(f"ClickHouse and the bitmaps differ on {question.name}: {sql}")
                warm = statistics.median(house.query(sql).seconds for _ in range(TIMES))
                fastest[question.name] = min(fastest.get(question.name, (warm, sql)), (warm, sql))
    return {name: Timed(warm, _cold(folder, sql)) for name, (warm, sql) in fastest.items()}


def _cold(folder: Path, sql: str) -> float:
    """The seconds of a query in a new process, with the table's files out of the page cache."""
    drop_from_page_cache(folder)
    with ClickHouse(folder).open() as house:
        house.query("SELECT 1")  # starting up is no part of the question
        return house.query(sql).seconds


def _geomean(ratios: Sequence[float]) -> float:
    return statistics.geometric_mean(ratios)


if __name__ == "__main__":
    main()
