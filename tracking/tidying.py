"""Visitors who have not been there for a while keep only what is needed: a share of the buckets at a time.

    tidied ──► HGETALL of some buckets ──► who has not been there?  nobody ───────────────────────┐
      ▲                                          │                                                ▼
      │          WATCH their buckets ── HMGET ── shorten ── MULTI HSET EXEC ────────────► SET tidied, the next ones
      └───────────────────────────────────────────────────────────────────────────────────────────┘

What is dropped is known to the archive, so it is right to drop it at any time, and the drain need not wait: no lease is
held. If it writes one of the buckets between our reading and our writing, EXEC is refused and we look again. If it
has read one before and writes it after, it writes what it knew, and the next round drops it again.

A round goes through all buckets and takes a day. Breaking it off anywhere loses nothing: the position only says where
to go on, and what is tidied already stays as it is.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from redis.exceptions import WatchError

from properties.models import Property
from tracking import records
from tracking.bitmaps.layouts import Shelf
from tracking.keys import BUCKETS
from tracking.shelves import rules_of, shelf_of

ROUND_SECONDS = 24 * 3600
AT_ONCE = 128  # buckets
ATTEMPTS = 5

Ids = Mapping[str, Sequence[bytes]]  # bucket -> visitor ids


def tidy(prop: Property, seconds_since: float, seconds: float, now: int | None = None) -> int:
    """Go on with the round, for as many buckets as are due after `seconds_since`; how many visitors were tidied.

    Stops after `seconds`. `now`: ms since 1970.
    """
    shelf, kept = shelf_of(prop), rules_of(prop).sessions_kept
    at = time.time_ns() // 1_000_000 if now is None else now
    deadline = time.monotonic() + seconds
    first = int(shelf.client.get(shelf.keys.tidied) or 0)
    due = min(round(BUCKETS * seconds_since / ROUND_SECONDS), BUCKETS)
    done = 0
    for start in range(first, first + due, AT_ONCE):
        if time.monotonic() > deadline:
            break
        numbers = range(start, min(start + AT_ONCE, first + due))
        done += _tidy([shelf.keys.visitors_of(number % BUCKETS) for number in numbers], shelf, at, kept)
        shelf.client.set(shelf.keys.tidied, (numbers[-1] + 1) % BUCKETS)
    return done


def _tidy(buckets: Sequence[str], shelf: Shelf, now: int, kept: int) -> int:
    if not shelf.client.exists(*buckets):  # most are empty where a property has few visitors
        return 0
    pipe = shelf.client.pipeline(transaction=False)
    for bucket in buckets:
        pipe.hgetall(bucket)
    away: dict[str, list[bytes]] = {}
    for bucket, known in zip(buckets, pipe.execute(), strict=True):
        for visitor_id, record in known.items():
            if records.decode(record).rest(now, kept):
                away.setdefault(bucket, []).append(visitor_id)
    if not away:
        return 0
    for _ in range(ATTEMPTS):
        try:
            return _shorten(away, shelf, now, kept)
        except WatchError:
            continue
    return 0


def _shorten(away: Ids, shelf: Shelf, now: int, kept: int) -> int:
    """Write the short records of those who are still away. Raises WatchError: then nothing was written."""
    done = 0
    with shelf.client.pipeline(transaction=True) as pipe:
        pipe.watch(*away)
        short = {
            bucket: _short(dict(zip(ids, pipe.hmget(bucket, ids), strict=True)), now, kept)
            for bucket, ids in away.items()
        }
        pipe.multi()
        for bucket, by_id in short.items():
            if by_id:
                pipe.hset(bucket, mapping=by_id)
                done += len(by_id)
        pipe.execute()
    return done


def _short(known: Mapping[bytes, Any], now: int, kept: int) -> dict[bytes, bytes]:
    found = {}
    for visitor_id, record in known.items():
        if record is not None and (visitor := records.decode(record)).rest(now, kept):
            found[visitor_id] = records.encode(visitor)
    return found
