"""What the steps of a batch look up, loaded in at most three round trips."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from redis.cluster import RedisCluster

from tracking.bitmaps.slots import labels
from tracking.ingest import DAY, Batch
from tracking.keys import Keys
from tracking.sessions import GAP_MS, Session, SessionId, Sessions
from tracking.stream import StreamEvent

DAY_MS = 24 * 60 * 60 * 1000

_session = msgspec.msgpack.Decoder(Session)


def load_batch(client: RedisCluster, keys: Keys, tz: ZoneInfo, visitors: int, events: list[StreamEvent]) -> Batch:
    """A Batch that knows every visitor and session that `events` can touch. `visitors`: indexed so far."""
    known = _visitors(client, keys, {event.visitor_id for event in events})
    last = _last_sessions(client, keys, known.values())
    unsure = [event for event in events if _may_be_of_earlier(event, known, last)]
    return Batch(tz, known, visitors, Sessions(last, _known_sessions(client, keys, tz, unsure)))


def _visitors(client: RedisCluster, keys: Keys, ids: Iterable[bytes]) -> dict[bytes, int]:
    buckets: dict[str, list[bytes]] = {}
    for visitor_id in ids:
        buckets.setdefault(keys.visitors(visitor_id), []).append(visitor_id)
    pipe = client.pipeline(transaction=False)
    for key, wanted in buckets.items():
        pipe.hmget(key, wanted)
    replies = pipe.execute() if buckets else []
    return {
        visitor_id: int(index)
        for wanted, reply in zip(buckets.values(), replies, strict=True)
        for visitor_id, index in zip(wanted, reply, strict=True)
        if index is not None
    }


def _last_sessions(client: RedisCluster, keys: Keys, indexes: Iterable[int]) -> dict[int, Session]:
    buckets: dict[str, list[int]] = {}
    for index in indexes:
        buckets.setdefault(keys.last_sessions(index), []).append(index)
    pipe = client.pipeline(transaction=False)
    for key, wanted in buckets.items():
        pipe.hmget(key, [str(index) for index in wanted])
    replies = pipe.execute() if buckets else []
    return {
        index: _session.decode(packed)
        for wanted, reply in zip(buckets.values(), replies, strict=True)
        for index, packed in zip(wanted, reply, strict=True)
        if packed
    }


def _may_be_of_earlier(event: StreamEvent, known: dict[bytes, int], last: dict[int, Session]) -> bool:
    """Whether another session than the visitor's last one must be known to place the event."""
    index = known.get(event.visitor_id)
    session = last.get(index) if index is not None else None
    if session is None:
        return False
    return event.session_id != session.proposed or event.at < session.started - GAP_MS


def _known_sessions(
    client: RedisCluster, keys: Keys, tz: ZoneInfo, unsure: list[StreamEvent]
) -> dict[SessionId, Session]:
    """The sessions that events propose, filed under the event's day, the day before, or the day half an hour on."""
    wanted = sorted(
        {
            (event.visitor_id, event.session_id, labels(at // 60_000, tz)[DAY])
            for event in unsure
            for at in (event.at + GAP_MS, event.at, event.at - DAY_MS)
        }
    )
    pipe = client.pipeline(transaction=False)
    for _, session_id, day in wanted:
        pipe.hmget(keys.session(day, str(UUID(bytes=session_id))), "visitor", "started", "last", "source", "campaign")
    replies: list[Any] = pipe.execute() if wanted else []
    found: dict[SessionId, Session] = {}
    for (visitor_id, session_id, day), (visitor, started, last, source, campaign) in zip(wanted, replies, strict=True):
        if visitor is not None and UUID(visitor.decode()).bytes == visitor_id:
            session = Session(session_id, day, int(started), int(last), source.decode(), campaign.decode(), session_id)
            found[(visitor_id, session_id)] = session
    return found
