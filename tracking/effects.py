"""What a batch leaves behind, as commands of one open transaction."""

from collections.abc import Mapping
from typing import Any

from tracking import details, drops, names, people, records
from tracking.archive import rows
from tracking.bitmaps.layouts import Layout, Shelf
from tracking.ingest import Batch
from tracking.keys import Keys
from tracking.sessions import SessionChange
from tracking.stream import FIELD


def write(pipe: Any, shelf: Shelf, layout: Layout, batch: Batch) -> None:
    """Queue everything but the position; the caller adds that and executes."""
    keys = shelf.keys
    layout.add(shelf, pipe, batch.notes)
    _write_hashes(pipe, {(keys.visitors(id), id): records.encode(batch.visitors[id]) for id in batch.touched})
    _write_hashes(pipe, {(keys.people(user), user): people.encode(batch.people[user]) for user in batch.seen_people})
    _write_hashes(pipe, {(keys.aliases, str(index)): str(of) for index, of in batch.aliases.items()})
    for (day, reason), number in batch.drops.items():
        pipe.hincrby(keys.drops(day), reason, number)
        pipe.expire(keys.drops(day), drops.KEPT_SECONDS)
    for order in batch.orders.fresh:
        pipe.sadd(keys.orders(order), order)
    for day, fresh in batch.names.fresh.items():
        pipe.sadd(keys.names(day), *fresh)
        pipe.expire(keys.names(day), names.KEPT_SECONDS)
    begun: dict[str, list[str]] = {}
    kept_seconds = batch.rules.sessions_kept // 1000
    for change in batch.sessions.changes.values():
        _write_session(pipe, keys, change, kept_seconds)
        if change.before is None:
            begun.setdefault(change.session.day, []).append(change.session.uuid)
    for day, ids in begun.items():
        pipe.lpush(keys.session_index(day), *ids)
        pipe.expire(keys.session_index(day), kept_seconds)
    if batch.rows:
        pipe.xadd(keys.archive, {FIELD: rows.encode(batch.rows)})


def _write_hashes(pipe: Any, values: Mapping[tuple[str, Any], Any]) -> None:
    """One HSET for each hash, of `values`: (key, field) -> value."""
    by_key: dict[str, dict[Any, Any]] = {}
    for (key, field), value in values.items():
        by_key.setdefault(key, {})[field] = value
    for key, mapping in by_key.items():
        pipe.hset(key, mapping=mapping)


def _write_session(pipe: Any, keys: Keys, change: SessionChange, kept_seconds: int) -> None:
    """All of it each time: the hash of a session that goes on for longer than it is kept is made anew."""
    key = keys.session(change.session.day, change.session.uuid)
    infos = details.infos(change.session, change.visitor_index)
    pipe.hset(key, mapping=infos)
    if gone := details.dropped(change, infos):
        pipe.hdel(key, *gone)
    pipe.expire(key, kept_seconds)
