"""What a batch leaves behind, as commands of one open transaction."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from tracking.bitmaps.layouts import Layout
from tracking.ingest import Batch
from tracking.keys import Keys
from tracking.sessions import SessionChange

_encoder = msgspec.msgpack.Encoder()


def write(pipe: Any, keys: Keys, layout: Layout, batch: Batch) -> None:
    """Queue everything but the position; the caller adds that and executes."""
    layout.add(pipe, keys, batch.marks, batch.tz)
    _write_hashes(pipe, {(keys.visitors(id), id): index for id, index in batch.new_visitors.items()})
    for (label, trait), number in batch.event_counts.items():
        pipe.hincrby(keys.count("events", label), trait, number)
    for (label, trait), number in batch.session_counts.items():
        pipe.hincrby(keys.count("sessions", label), trait, number)
    for (day, reason), number in batch.drops.items():
        pipe.hincrby(keys.drops(day), reason, number)
    for change in batch.sessions.changes.values():
        _write_session(pipe, keys, change)
    touched = {change.visitor.index for change in batch.sessions.changes.values()}
    last = {index: batch.sessions.last[index] for index in touched}
    _write_hashes(pipe, {(keys.last_sessions(i), str(i)): _encoder.encode(session) for i, session in last.items()})


def _write_hashes(pipe: Any, values: Mapping[tuple[str, Any], Any]) -> None:
    """One HSET for each hash, of `values`: (key, field) -> value."""
    by_key: dict[str, dict[Any, Any]] = {}
    for (key, field), value in values.items():
        by_key.setdefault(key, {})[field] = value
    for key, mapping in by_key.items():
        pipe.hset(key, mapping=mapping)


def _write_session(pipe: Any, keys: Keys, change: SessionChange) -> None:
    session = change.session
    key = keys.session(session.day, session.uuid)
    infos: dict[str, str | int] = {"started": session.started, "last": session.last}
    if change.begun:
        pipe.lpush(keys.session_index(session.day), session.uuid)
        infos |= {
            "visitor": str(UUID(bytes=change.visitor.id)),
            "visitor_index": change.visitor.index,
            "source": session.source,
            "campaign": session.campaign,
            "referrer": change.referrer,
        }
    if change.entry:
        pipe.hsetnx(key, "entry", change.entry)
    if change.exit:
        infos["exit"] = change.exit
    pipe.hset(key, mapping=infos)
    pipe.hincrby(key, "events", change.events)
    pipe.hincrby(key, "pageviews", change.pageviews)
