"""The keys of a property: the only place where one is spelled. Pure.

Every key begins with the seed's prefix, its braces being the cluster's hash tag, so that all data
of a property is on one master and a batch is one transaction:

    {7::3}::ingest                             stream: what the collector took, until it is drained
    {7::3}::poison                             stream: entries that could not be read, set aside
    {7::3}::progress                           hash: how far the drain is (Progress)
    {7::3}::lease                              string: who drains now
    {7::3}::visitors::1a4                      hash: visitor_id (16 bytes) -> visitor_index, 4,096 buckets
    {7::3}::last_session::0                    hash: visitor_index -> their last session, 512 visitors each
    {7::3}::session_index::2026-11-24          list: session uuids, newest first            (the seed's)
    {7::3}::2026-11-24::session_<uuid>         hash: session infos                          (the seed's)
    {7::3}::evt:signup::2026-11-24-02-13       bitmap, at each of five granularities        (the seed's)
    {7::3}::marks, {7::3}::marks_sealing       strings: marks not yet folded         (the packed layout's)
    {7::3}::sealed::2026-11-24-02              hash: trait -> Roaring bitmap         (the packed layout's)
    {7::3}::count:events::2026-11-24-02        hash: trait -> events; hours, days, months, years
    {7::3}::count:sessions::2026-11-24         hash: trait -> sessions begun; the same
    {7::3}::drops::2026-11-24                  hash: reason -> events not taken
    {7::0}::unknown_hosts::2026-11-24          hash: hostname -> events no property took
"""

from collections.abc import Iterator
from typing import Any

from tracking.bitmaps.addresses import Address

VISITORS_IN_A_BUCKET_OF_SESSIONS = 512
NO_PROPERTY = 0


class Keys:
    """The keys of one property."""

    def __init__(self, account_id: int, property_id: int) -> None:
        self.prefix = f"{{{account_id}::{property_id}}}::"
        self.ingest = f"{self.prefix}ingest"
        self.poison = f"{self.prefix}poison"
        self.progress = f"{self.prefix}progress"
        self.lease = f"{self.prefix}lease"
        self.marks = f"{self.prefix}marks"
        self.sealing = f"{self.prefix}marks_sealing"

    def scan(self, client: Any, start: str) -> Iterator[str]:
        """Every key of the property that goes on with `start`. Walks over all keys of its node."""
        node = client.get_node_from_key(self.prefix)
        for key in client.scan_iter(match=f"{self.prefix}{start}*", count=1000, target_nodes=node):
            yield key.decode()

    def bitmap(self, address: Address) -> str:
        return f"{self.prefix}{address.trait}::{address.label}"

    def sealed(self, label: str) -> str:
        return f"{self.prefix}sealed::{label}"

    def visitors(self, visitor_id: bytes) -> str:
        return f"{self.prefix}visitors::{visitor_id.hex()[:3]}"

    def last_sessions(self, visitor_index: int) -> str:
        return f"{self.prefix}last_session::{visitor_index // VISITORS_IN_A_BUCKET_OF_SESSIONS}"

    def session_index(self, day: str) -> str:
        return f"{self.prefix}session_index::{day}"

    def session(self, day: str, session_id: str) -> str:
        return f"{self.prefix}{day}::session_{session_id}"

    def count(self, what: str, label: str) -> str:
        return f"{self.prefix}count:{what}::{label}"

    def drops(self, day: str) -> str:
        return f"{self.prefix}drops::{day}"

    def unknown_hosts(self, day: str) -> str:
        return f"{self.prefix}unknown_hosts::{day}"
