"""Entries of a stream that could not be read: looked at, put back, or thrown away.

The drain sets them aside in {a::p}::poison and goes on, until there are so many that something must be wrong with
the program rather than with them: then the property waits, and nothing is lost. An entry is put back, exactly
once, by one guarded transaction: into the stream, and out of the poison.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from redis import Redis
from redis.exceptions import ConnectionError, TimeoutError, WatchError

from cluster.connections import MOVED, find_shards_again, shard
from properties.models import Property
from tracking import stream
from tracking.keys import Keys

ATTEMPTS = 6
MOST_SET_ASIDE = 10_000
ENTRY_ID = b"id"  # the field with the id that it had in the stream of events


class NoSuchEntry(LookupError):
    """There is no such entry among those set aside."""


class TooManySetAside(Exception):
    """No more entries are set aside: somebody must look at those that were."""


def set_aside(pipe: Any, keys: Keys, entries: Sequence[tuple[bytes, bytes]]) -> None:
    """Queue the setting aside of (entry id, packed) in the open transaction `pipe`."""
    for entry_id, packed in entries:
        pipe.xadd(keys.poison, {stream.FIELD: packed, ENTRY_ID: entry_id})


def check_room(client: Any, keys: Keys) -> None:
    """Raises TooManySetAside."""
    if client.xlen(keys.poison) >= MOST_SET_ASIDE:
        raise TooManySetAside(f"{keys.poison} is full; nothing of the property is counted until some entries go.")


@dataclass(frozen=True)
class Poison:
    """`id`: among the entries set aside. `entry_id`: what it was in the stream, which tells when it came."""

    id: str
    entry_id: str
    packed: bytes

    @property
    def at(self) -> datetime:
        """When it was appended."""
        return datetime.fromtimestamp(int(self.entry_id.partition("-")[0]) / 1000, UTC)

    @property
    def why(self) -> str:
        """What is wrong with it; empty when it can be read now."""
        try:
            stream.decode(self.packed)
        except msgspec.DecodeError as error:
            return str(error)
        return ""

    def text(self) -> str:
        """What is in it, as far as it can be told: JSON of what was meant, of any msgpack, or hexadecimal digits."""
        try:
            found: Any = stream.decode(self.packed)
        except msgspec.DecodeError:
            try:
                found = msgspec.msgpack.decode(self.packed)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return self.packed.hex(" ")
        return json.dumps(msgspec.to_builtins(found, builtin_types=(bytes,)), indent=2, default=_hex, sort_keys=True)


def waiting(prop: Property) -> list[Poison]:
    """All that was set aside, the oldest first."""
    keys = Keys(prop.account_id, prop.id)
    entries: Any = shard(keys.poison).xrange(keys.poison)
    return [_poison(*entry) for entry in entries]


def find(prop: Property, id: str) -> Poison:
    """Raises NoSuchEntry."""
    keys = Keys(prop.account_id, prop.id)
    return _find(shard(keys.poison), keys, id)


def replay(prop: Property, ids: Sequence[str]) -> int:
    """Put entries back into the stream, each once; how many there were. Raises NoSuchEntry."""
    return _take(prop, ids, put_back=True)


def drop(prop: Property, ids: Sequence[str]) -> int:
    """Throw entries away; how many there were. Raises NoSuchEntry."""
    return _take(prop, ids, put_back=False)


def _take(prop: Property, ids: Sequence[str], put_back: bool) -> int:
    for id in ids:
        find(prop, id)
    return sum(_take_one(Keys(prop.account_id, prop.id), id, put_back) for id in ids)


def _take_one(keys: Keys, id: str, put_back: bool) -> bool:
    """After an error nobody knows whether the transaction was carried out: whether the entry is still there tells."""
    for attempt in range(ATTEMPTS):
        try:
            with shard(keys.poison).pipeline(transaction=True) as pipe:
                pipe.watch(keys.poison)
                packed = _find(pipe, keys, id).packed
                pipe.multi()
                if put_back:
                    pipe.xadd(keys.ingest, {stream.FIELD: packed})
                pipe.xdel(keys.poison, id)
                pipe.execute()
                return True
        except NoSuchEntry:
            return attempt > 0  # an attempt without an answer has done it
        except WatchError:
            continue
        except (ConnectionError, TimeoutError, *MOVED):
            if attempt == ATTEMPTS - 1:
                raise
            find_shards_again()
    raise WatchError("Entries are set aside faster than they can be looked at; try again.")


def _find(client: "Redis | Any", keys: Keys, id: str) -> Poison:
    try:
        milliseconds, _, sequence = id.partition("-")
        found = client.xrange(keys.poison, min=f"{int(milliseconds)}-{int(sequence)}", max=id, count=1)
    except ValueError:
        found = []
    if not found:
        raise NoSuchEntry(f"No entry {id} was set aside.")
    return _poison(*found[0])


def _poison(id: bytes, fields: dict[bytes, bytes]) -> Poison:
    return Poison(id.decode(), fields.get(ENTRY_ID, id).decode(), fields.get(stream.FIELD, b""))


def _hex(value: object) -> str:
    assert isinstance(value, bytes)
    return value.hex()
