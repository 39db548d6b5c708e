"""The keys of a property: the only place where one is spelled. Pure.

Every key begins with the seed's prefix, its braces being the cluster's hash tag, so that all data
of a property is on one master and a batch is one transaction:

    {7::3}::ingest                             stream: what the collector took, until it is drained
    {7::3}::appended::<writer>                 string: the last number that a collector has appended
    {7::3}::taken                              string: how many events were ever taken
    {7::3}::poison                             stream: entries that could not be read, set aside
    {7::3}::progress                           hash: how far the drain is (Progress)
    {7::3}::lease                              string: who drains now
    {7::3}::visitors::1a4b                     hash: visitor_id (16 bytes) -> Visitor, 65,536 buckets
    {7::3}::tidied                             string: the bucket of visitors that is tidied next
    {7::3}::people::1a4b                       hash: the property's user id -> Person, 65,536 buckets
    {7::3}::aliases                            hash: visitor_index -> the one it is counted with
    {7::3}::orders::1a4b                       set: orders that were counted (12 bytes each), 65,536 buckets
    {7::3}::messages::2968::1a4                set: ids of what servers sent that week (12 bytes each), 4,096 buckets
    {7::3}::salt::2026-11-24                   string: what the ids of that day's anonymous visitors are made with
    {7::3}::names::2026-11-24                  set: traits that were named that day
    {7::3}::session_index::2026-11-24          list: session uuids, newest first            (the seed's)
    {7::3}::2026-11-24::session_<uuid>         hash: session infos                          (the seed's)
    {7::3}::evt:signup::2026-11-24-02-13       bitmap, at each of five granularities        (the seed's)
    {7::3}::tally:events::evt:signup::2026-11-24   hash: visitor_index -> number     (the seed layout's)
    {7::3}::total:events::2026-11-24           hash: trait -> number                 (the seed layout's)
    {7::3}::notes, {7::3}::notes_sealing       strings: notes not yet folded         (the packed layout's)
    {7::3}::sealed::2026-11-24-02              hash: trait -> Roaring bitmap         (the packed layout's)
    {7::3}::counts::2026-11-24-02              hash: trait -> events of each visitor (the packed layout's)
    {7::3}::sums:seconds::2026-11-24-02        hash: trait -> tally                  (the packed layout's)
    {7::3}::totals::2026-11-24-02              hash: trait -> total of each metric   (the packed layout's)
    {7::3}::metrics                            set: every metric there is
    {7::3}::generation, changed, folded, unfolded   what has changed, what is made   (the packed layout's)
    {7::3}::archive                            stream: resolved events, until they are in the archive
    {7::3}::archived                           hash: how far the archive is, and which files count
    {7::3}::archived_lease                     string: who changes the archive now
    {7::3}::drops::2026-11-24                  hash: reason -> events not taken
    {7::0}::unknown_hosts::2026-11-24          hash: hostname -> events no property took
"""

from collections.abc import Iterator
from typing import Any
from zlib import crc32

from tracking.bitmaps.addresses import Address

NO_PROPERTY = 0
BUCKETS = 65_536  # of visitors, of people


class Keys:
    """The keys of one property."""

    def __init__(self, account_id: int, property_id: int) -> None:
        self.prefix = f"{{{account_id}::{property_id}}}::"
        self.ingest = f"{self.prefix}ingest"
        self.taken = f"{self.prefix}taken"
        self.poison = f"{self.prefix}poison"
        self.progress = f"{self.prefix}progress"
        self.lease = f"{self.prefix}lease"
        self.tidied = f"{self.prefix}tidied"
        self.aliases = f"{self.prefix}aliases"
        self.notes = f"{self.prefix}notes"
        self.sealing = f"{self.prefix}notes_sealing"
        self.metrics = f"{self.prefix}metrics"
        self.generation = f"{self.prefix}generation"
        self.changed = f"{self.prefix}changed"
        self.folded = f"{self.prefix}folded"
        self.unfolded = f"{self.prefix}unfolded"
        self.archive = f"{self.prefix}archive"
        self.archived = f"{self.prefix}archived"
        self.archived_lease = f"{self.prefix}archived_lease"

    def appended(self, writer: str) -> str:
        return f"{self.prefix}appended::{writer}"

    def scan(self, client: Any, start: str) -> Iterator[str]:
        """Every key of the property that goes on with `start`. Walks over all keys of its node."""
        for key in client.scan_iter(match=f"{self.prefix}{start}*", count=1000):
            yield key.decode()

    def bitmap(self, address: Address) -> str:
        return f"{self.prefix}{address.trait}::{address.label}"

    def tally(self, metric: str, trait: str, label: str) -> str:
        return f"{self.prefix}tally:{metric}::{trait}::{label}"

    def total(self, metric: str, label: str) -> str:
        return f"{self.prefix}total:{metric}::{label}"

    def sealed(self, label: str) -> str:
        return f"{self.prefix}sealed::{label}"

    def counts(self, label: str) -> str:
        return f"{self.prefix}counts::{label}"

    def sums(self, metric: str, label: str) -> str:
        return f"{self.prefix}sums:{metric}::{label}"

    def totals(self, label: str) -> str:
        return f"{self.prefix}totals::{label}"

    def visitors(self, visitor_id: bytes) -> str:
        return self.visitors_of(int.from_bytes(visitor_id[-2:]))

    def visitors_of(self, bucket: int) -> str:
        return f"{self.prefix}visitors::{bucket:04x}"

    def people(self, user: str) -> str:
        return f"{self.prefix}people::{crc32(user.encode()) & 0xFFFF:04x}"

    def orders(self, order: bytes) -> str:
        return f"{self.prefix}orders::{order[-2:].hex()}"

    def messages(self, week: int, message: bytes) -> str:
        return f"{self.prefix}messages::{week}::{message[-2:].hex()[:3]}"

    def salt(self, day: str) -> str:
        return f"{self.prefix}salt::{day}"

    def names(self, day: str) -> str:
        return f"{self.prefix}names::{day}"

    def session_index(self, day: str) -> str:
        return f"{self.prefix}session_index::{day}"

    def session(self, day: str, session_id: str) -> str:
        return f"{self.prefix}{day}::session_{session_id}"

    def drops(self, day: str) -> str:
        return f"{self.prefix}drops::{day}"

    def unknown_hosts(self, day: str) -> str:
        return f"{self.prefix}unknown_hosts::{day}"
