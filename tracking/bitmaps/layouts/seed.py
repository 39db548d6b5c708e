"""The seed's layout to the letter: one SETBIT for each mark and granularity, one key an address.

    SETBIT {7::3}::evt:signup::2026-11-24-02-13 <visitor_index> 1       minute
    SETBIT {7::3}::evt:signup::2026-11-24-02    <visitor_index> 1       hour
    SETBIT {7::3}::evt:signup::2026-11-24       <visitor_index> 1       day
    SETBIT {7::3}::evt:signup::2026-11          <visitor_index> 1       month
    SETBIT {7::3}::evt:signup::2026             <visitor_index> 1       year

The reference: any Redis client reads it. It is large (one late visitor makes a minute's bitmap as
long as their index needs) and not fast; setting a bit twice changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pyroaring import BitMap

from tracking.bitmaps.addresses import Address
from tracking.bitmaps.bits import bitmap_from, bits_of
from tracking.bitmaps.layouts import Mark
from tracking.bitmaps.slots import labels
from tracking.bitmaps.traits import FAMILIES, family
from tracking.keys import Keys


class SeedLayout:
    def add(self, pipe: Any, keys: Keys, marks: Iterable[Mark], tz: ZoneInfo) -> None:
        # Within a batch most marks repeat at the coarser granularities: each bit is sent once.
        bits = {(mark.trait, label, mark.visitor_index) for mark in marks for label in labels(mark.minute, tz)}
        for trait, label, visitor_index in bits:
            pipe.setbit(keys.bitmap(Address(trait, label)), visitor_index, 1)

    def load(self, client: Any, keys: Keys, addresses: Sequence[Address]) -> dict[Address, BitMap]:
        wanted = list(dict.fromkeys(addresses))
        # All keys of a property are in one slot of the cluster, so one command reads them all.
        found = client.mget([keys.bitmap(address) for address in wanted]) if wanted else []
        return {address: bitmap_from(bits) for address, bits in zip(wanted, found, strict=True)}

    def waiting(self, client: Any, keys: Keys) -> int:
        return 0

    def seal(self, client: Any, keys: Keys) -> None:
        """Its marks are bitmaps from the start."""

    def addresses(self, client: Any, keys: Keys) -> Iterator[Address]:
        for key in keys.scan(client, ""):
            address = Address(*key.removeprefix(keys.prefix).rpartition("::")[::2])
            if family(address.trait) in FAMILIES:
                yield address

    def store(self, client: Any, keys: Keys, bitmaps: Mapping[Address, BitMap]) -> None:
        pipe = client.pipeline(transaction=False)
        for address, bitmap in bitmaps.items():
            pipe.set(keys.bitmap(address), bits_of(bitmap))
        pipe.execute()

    def remove(self, client: Any, keys: Keys) -> None:
        for address in self.addresses(client, keys):
            client.unlink(keys.bitmap(address))
