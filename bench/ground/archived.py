"""The data set as files of the archive, as the drain and the archiver would have left them. Needs Django set up."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.dataset import Dataset, event_traits
from bench.ground import tables
from bench.ground.columns import Columns
from properties.models import Property
from tracking.archive import listing, schema
from tracking.archive.listing import Manifest
from tracking.archive.store import Store

Array = npt.NDArray[Any]


def write(data: Dataset, prop: Property, store: Store) -> tuple[date, date]:
    """Each day of the data set as one compacted file; the first and the last day."""
    first = datetime.fromtimestamp(data.shape.midnight / 1000, UTC).date()
    day = first
    for events in data.days():
        if len(events):
            write_day(data, prop, store, day, events)
        day += timedelta(days=1)
    return first, day - timedelta(days=1)


def write_day(data: Dataset, prop: Property, store: Store, day: date, events: Columns) -> None:
    """The events of a day as one compacted file."""
    table = schema.by_name(table_of(data, events))
    name = f"{day}.parquet"

    def into(sink: Any) -> None:
        with schema.FileWriter(sink) as writer:
            writer.write(table)

    store.put(f"{listing.folder(prop, str(day))}/{name}", into)
    listing.save(store, prop, str(day), Manifest(1, [listing.file_of(name, table, "name")]))


def table_of(data: Dataset, events: Columns) -> pa.Table:
    """The events as rows of the archive."""
    count = len(events)
    own = _coded(
        np.stack([events.name, events.page, events.plan, events.member]).astype(np.int64),
        lambda key: event_traits(key[0], key[1], key[2], bool(key[3])),
    )
    whole = _coded(events.traits[None].astype(np.int64), lambda key: data.session_traits(key[0]))
    urls = _coded(events.page[None].astype(np.int64), lambda key: f"https://{tables.HOST}{tables.page_path(key[0])}")
    nothing = pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([""]))
    columns = {
        "entry_ms": events.at,
        "entry_seq": np.zeros(count, np.int64),
        "ordinal": np.arange(count, dtype=np.int32),
        "at": events.at,
        "received": events.at,
        "visitor": events.visitor,
        "visitor_id": _ids(events.visitor, 1),
        "session": _ids(events.session, 2),
        "name": pa.DictionaryArray.from_arrays(
            events.name.astype(np.int32), pa.array([name for name, _ in tables.NAMES])
        ),
        "url": urls,
        **dict.fromkeys(("referrer", "title", "tab", "user"), nothing),
        **dict.fromkeys(("items", "item_traits"), pa.array([""] * count)),
        "attributes": pa.array(_attributes(events)),
        "traits": own,
        "session_traits": whole,
    }
    arrays = [pa.array(columns[field.name]).cast(field.type) for field in schema.SCHEMA]
    return pa.table(arrays, schema=schema.SCHEMA)


def _coded(keys: Array, text: Any) -> pa.DictionaryArray:
    """A dictionary column of the text of each distinct key; `keys`: a row for each part of it."""
    distinct, codes = np.unique(keys, axis=1, return_inverse=True)
    texts = [text(tuple(key)) for key in distinct.T.tolist()]
    return pa.DictionaryArray.from_arrays(codes.ravel().astype(np.int32), pa.array(texts))


def _ids(numbers: Array, kind: int) -> pa.Array:
    """16 bytes for each number, all different."""
    halves = np.empty((len(numbers), 2), "<u8")
    halves[:, 0] = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(kind)
    halves[:, 1] = numbers
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(numbers), [None, pa.py_buffer(halves.tobytes())])


def _attributes(events: Columns) -> list[str]:
    """JSON objects, empty where an event says nothing."""
    found = [""] * len(events)
    telling = np.flatnonzero((events.load_ms >= 0) | (events.visible_ms > 0) | (events.money > 0) | (events.plan > 0))
    rows = zip(
        telling.tolist(),
        *(column[telling].tolist() for column in (events.plan, events.load_ms, events.visible_ms, events.money)),
        strict=True,
    )
    for row, plan, load_ms, visible_ms, money in rows:
        said: dict[str, object] = {"plan": tables.PLANS[plan]} if plan else {}
        if load_ms >= 0:
            said["load_ms"] = load_ms
        if visible_ms:
            said["visible_ms"] = visible_ms
        if money:
            said |= {"value": money / 100, "currency": "EUR"}
        found[row] = json.dumps(said)
    return found
