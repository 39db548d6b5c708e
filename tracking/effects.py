"""What a batch leaves behind, as commands of one open transaction."""

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
    for visitor_id, index in batch.new_visitors.items():
        pipe.hset(keys.visitors(visitor_id), visitor_id, index)
    for (label, trait), number in batch.event_counts.items():
        pipe.hincrby(keys.count("events", label), trait, number)
    for (label, trait), number in batch.session_counts.items():
        pipe.hincrby(keys.count("sessions", label), trait, number)
    for (day, reason), number in batch.drops.items():
        pipe.hincrby(keys.drops(day), reason, number)
    for change in batch.sessions.changes.values():
        _write_session(pipe, keys, change, batch.sessions.last.get(change.visitor.index) is change.session)


def _write_session(pipe: Any, keys: Keys, change: SessionChange, is_last: bool) -> None:
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
    if is_last:
        pipe.hset(keys.last_sessions(change.visitor.index), str(change.visitor.index), _encoder.encode(session))
