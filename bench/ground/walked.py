"""The funnel as Aktivat answers it: from the compacted files of its archive. Needs Django set up."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from bench.dataset import Dataset
from bench.ground import archived, tables, worker
from tracking.archive import reader, schema
from tracking.archive.funnels import Events, funnel
from tracking.archive.store import store


def asker(data: Dataset, window_ms: int) -> Callable[[], list[int]]:
    """Write the data set into an archive of its own; what reads it and counts who reached each step."""
    prop, kept = worker.property_of_its_own(), store()
    first, last = archived.write(data, prop, kept)

    def ask() -> list[int]:
        columns = ["visitor", "at", "name"]
        found = list(reader.scan(kept, prop, first, last, columns, names=tables.FUNNEL))
        return funnel(_steps(found), window_ms)

    return ask


def _steps(found: list[pa.Table]) -> list[Events]:
    """For each step of the funnel the visitor and the time of every event of it."""
    parts: list[list[Events]] = [[] for _ in tables.FUNNEL]
    for table in found:
        codes, names = schema.codes(table, "name")
        visitors, at = schema.numbers(table, "visitor"), schema.numbers(table, "at")
        for step, name in enumerate(tables.FUNNEL):
            if name in names:
                rows = codes == names.index(name)
                parts[step].append((visitors[rows], at[rows]))
    return [(np.concatenate([who for who, _ in rows]), np.concatenate([at for _, at in rows])) for rows in parts]
