"""Erasing visitors: afterwards there is no bit, number, record, session or file of them.

    drain what waits ─► hold the lease ─► seal ─► every slot they were seen in: without them
      ─► their sessions ─► the archive ─► aliases, people, and last the records that tell who they are

The records go last: an erasure that was broken off finds them again, and does the rest. Who comes
back afterwards with the same cookie is somebody new.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from pyroaring import BitMap

from properties.models import Property
from tracking import lease, people, records
from tracking.archive.erase import erase as erase_from_archive
from tracking.archive.store import store
from tracking.bitmaps.addresses import Address
from tracking.bitmaps.layouts import Request, Shelf
from tracking.bitmaps.roaring import ids_of
from tracking.bitmaps.samples import is_samples
from tracking.bitmaps.tally import Tally
from tracking.bitmaps.traits import EVERYONE, SIGN_UPS
from tracking.drain import Drain
from tracking.shelves import layout_of, seal_all, shelf_of
from tracking.visitors import Visitor

log = logging.getLogger(__name__)

LEASE_MS = 600_000
SECONDS_FOR_THE_LEASE = 60
SLOTS_AT_ONCE = 500


def erase_person(prop: Property, user: str) -> int:
    """Erase the property's own user and every virtual visitor that is theirs; how many visitors that were."""
    shelf = shelf_of(prop)
    ids = [visitor_id for visitor_id, record in _records(shelf) if record.person == people.person_id(user)]
    erased = erase_visitors(prop, ids)
    shelf.client.hdel(shelf.keys.people(user), user)
    return erased


def erase_visitors(prop: Property, ids: Iterable[bytes]) -> int:
    """Erase the virtual visitors with these cookie ids (16 bytes each); how many were known.

    Raises lease.Busy and what the archive raises: then it is done in part, and is to be called again.
    """
    wanted = set(ids)
    Drain.of(prop).run()
    shelf = shelf_of(prop)
    with lease.holding(shelf.client, shelf.keys, LEASE_MS, SECONDS_FOR_THE_LEASE) as token:
        found = {visitor_id: record for visitor_id, record in _records(shelf) if visitor_id in wanted}
        indexes = BitMap(record.index for record in found.values())
        if not indexes:
            return 0
        seal_all(prop)
        _erase_numbers(prop, shelf, token, indexes)
        _erase_sessions(shelf, indexes)
        erase_from_archive(store(), prop, indexes)
        _erase_people(shelf, found.values(), indexes)
        for visitor_id in found:
            shelf.client.hdel(shelf.keys.visitors(visitor_id), visitor_id)
    log.info("property %s: %s visitors were erased", prop.id, len(indexes))
    return len(indexes)


def _records(shelf: Shelf) -> Iterator[tuple[bytes, Visitor]]:
    """(cookie id, record) of every visitor."""
    for key in shelf.keys.scan(shelf.client, "visitors::"):
        for visitor_id, record in shelf.client.hgetall(key).items():
            yield visitor_id, records.decode(record)


def _erase_numbers(prop: Property, shelf: Shelf, token: bytes, indexes: BitMap) -> None:
    layout = layout_of(prop)
    labels = sorted(set(layout.slots(shelf)))
    for start in range(0, len(labels), SLOTS_AT_ONCE):
        some = labels[start : start + SLOTS_AT_ONCE]
        # Where somebody signed up who told it later, nobody has to have been seen.
        seen = layout.load(shelf, Request([Address(name, label) for label in some for name in (EVERYONE, SIGN_UPS)]))
        for label in some:
            if not any(seen.bitmaps[Address(name, label)].intersect(indexes) for name in (EVERYONE, SIGN_UPS)):
                continue
            # What is drained by others between our reading and our writing would be lost.
            if not lease.renew(shelf.client, shelf.keys, token, LEASE_MS):
                raise lease.Busy("The erasure was interrupted for too long.")
            layout.store(shelf, label, _without(layout.read(shelf, label), indexes))


def _without(by_metric: Mapping[str, Mapping[str, Tally]], indexes: BitMap) -> dict[str, dict[str, Tally]]:
    gone = ids_of(indexes)

    def left(metric: str, tally: Tally) -> Tally:
        owners = tally.ids >> np.uint64(32) if is_samples(metric) else tally.ids
        kept = ~np.isin(owners, gone)
        return Tally(tally.ids[kept], tally.values[kept])

    return {metric: {t: left(metric, tally) for t, tally in by_trait.items()} for metric, by_trait in by_metric.items()}


def _erase_sessions(shelf: Shelf, indexes: BitMap) -> None:
    """Their infos, also of those that the index of their day does not list any more."""
    for key in shelf.keys.scan(shelf.client, "????-??-??::session_"):
        owner = shelf.client.hget(key, "visitor_index")
        if owner is not None and int(owner) in indexes:
            day, _, session_id = key.removeprefix(shelf.keys.prefix).partition("::session_")
            shelf.client.unlink(key)
            shelf.client.lrem(shelf.keys.session_index(day), 0, session_id)


def _erase_people(shelf: Shelf, records: Iterable[Visitor], indexes: BitMap) -> None:
    """The people they were, and who stood for whom. A person with other browsers left stays without these."""
    table = {int(alias): int(person) for alias, person in shelf.client.hgetall(shelf.keys.aliases).items()}
    for alias, person in table.items():
        if alias in indexes or person in indexes:
            shelf.client.hdel(shelf.keys.aliases, str(alias))
    for user in {record.person for record in records if record.person}:
        packed: Any = shelf.client.hget(shelf.keys.people(user), user)
        if packed is not None and (standing := people.decode(packed).visitor) is not None and standing in indexes:
            shelf.client.hdel(shelf.keys.people(user), user)
