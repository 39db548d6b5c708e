"""What came right after an event or a page, or right before it, within the session."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyroaring import BitMap
from redis import Redis

from properties.models import Property
from tracking.archive import reader, schema
from tracking.archive.store import Store

COLUMNS = ("visitor", "session", "at", *schema.RECEIPT, "traits")
PREFIXES = {"event": "evt:", "page": "page:"}
EDGE = ""  # the session ended there, or began


@dataclass(frozen=True)
class Neighbour:
    """`trait`: what came after or before, as "page:/pricing"; EDGE where nothing did. How often, of how many."""

    trait: str
    times: int
    visitors: int


def paths(
    store: Store,
    client: Redis,
    prop: Property,
    first: date,
    last: date,
    *,
    of: str,
    by: Literal["event", "page"] = "page",
    direction: Literal["after", "before"] = "after",
    visitors: BitMap | None = None,
) -> list[Neighbour]:
    """What came next to each event under the trait `of`, as "evt:signup" or "page:/pricing"; most often first.

    By "event" it is the very next event of the session, by "page" its next page view. Days are local, both
    included; what lies outside of them is not looked at. `visitors`: of these indexes alone, which is quickest
    as those that bitmaps say have `of`. Exact; archive and not yet archived rows. Raises Changed, StoreError.
    """
    tables = reader.everything(store, client, prop, first, last, columns=COLUMNS, visitors=visitors)
    events = _Events.of(tables, of, PREFIXES[by]).in_order()
    return events.neighbours(1 if direction == "after" else -1)


@dataclass(frozen=True)
class _Events:
    """Arrays of one length. `label`: place in `labels`, or -1. `anchor`: whether the event is one of `of`."""

    columns: dict[str, npt.NDArray[Any]]
    labels: list[str]

    @staticmethod
    def of(tables: Iterable[pa.Table], of: str, prefix: str) -> "_Events":
        places: dict[str, int] = {}
        parts = [_columns(schema.of_sessions(table), of, prefix, places) for table in tables]
        names = ("visitor", "high", "low", "at", *schema.RECEIPT, "label", "anchor")
        empty: list[npt.NDArray[Any]] = [np.array([], np.int64)]
        columns = {name: np.concatenate([part[name] for part in parts] or empty) for name in names}
        return _Events(columns, list(places))

    def in_order(self) -> "_Events":
        """Those of sessions that have an anchor, one session after another, each in its order."""
        anchored = np.unique(self.columns["low"][self.columns["anchor"].astype(np.bool_)])
        some = np.flatnonzero(np.isin(self.columns["low"], anchored))
        keys = ("visitor", "high", "low", "at", *schema.RECEIPT)
        order = some[np.lexsort([self.columns[name][some] for name in reversed(keys)])]
        return _Events({name: column[order] for name, column in self.columns.items()}, self.labels)

    def neighbours(self, step: int) -> list[Neighbour]:
        columns = {name: column[::step] for name, column in self.columns.items()}
        size = len(columns["at"])
        # For each place the nearest labelled one after it; `size` where there is none.
        labelled = np.where(columns["label"] >= 0, np.arange(size), size)
        following = np.minimum.accumulate(np.append(labelled, size)[::-1])[::-1][1:]
        anchors = np.flatnonzero(columns["anchor"])
        beside = following[anchors]
        inside = beside < size
        for name in ("visitor", "high", "low"):
            column = columns[name]
            inside[inside] = column[beside[inside]] == column[anchors[inside]]
        label = np.full(len(anchors), -1, np.int64)
        label[inside] = columns["label"][beside[inside]]
        times = np.bincount(label + 1, minlength=len(self.labels) + 1)
        pairs = np.unique(np.stack([label + 1, columns["visitor"][anchors].astype(np.int64)]), axis=1)
        visitors = np.bincount(pairs[0], minlength=len(self.labels) + 1)
        found = [
            Neighbour(trait, int(often), int(many))
            for trait, often, many in zip([EDGE, *self.labels], times, visitors, strict=True)
            if often
        ]
        return sorted(found, key=lambda neighbour: (-neighbour.times, neighbour.trait))


def _columns(table: pa.Table, of: str, prefix: str, places: dict[str, int]) -> dict[str, npt.NDArray[Any]]:
    indices, texts = schema.codes(table, "traits")
    labels, anchors = np.full(len(texts), -1, np.int64), np.zeros(len(texts), np.bool_)
    for number, text in enumerate(texts):
        traits = text.split("\n")
        anchors[number] = of in traits
        label = next((trait for trait in traits if trait.startswith(prefix)), None)
        if label is not None:
            labels[number] = places.setdefault(label, len(places))
    sessions = np.frombuffer(b"".join(table.column("session").to_pylist()), ">u8").reshape(-1, 2)
    return {
        **{name: schema.numbers(table, name) for name in ("visitor", "at", *schema.RECEIPT)},
        "high": sessions[:, 0],
        "low": sessions[:, 1],
        "label": labels[indices],
        "anchor": anchors[indices],
    }
