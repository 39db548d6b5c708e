"""Visitors that a property knows, as many as it has. Needs Django set up.

Their records are those that a sample of visitors came to, each many times over: with the right index and id for those
who will come, with any id for the others, so that each bucket is as full as it would be.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from bench.ground.wire import visitor_id
from properties.models import Property
from tracking import records
from tracking.keys import BUCKETS
from tracking.shelves import shelf_of

BUCKETS_AT_ONCE = 200
ID_BYTES = 16
IDLE_MS = 2 * 3_600_000


def make(prop: Property, sample: Property, count: int, coming: Sequence[int], at: int) -> None:
    """Make `count` visitors known, those of `coming` by their own ids.

    These come `at` (ms since 1970), when their last session is over.
    """
    shelf = shelf_of(prop)
    of_sample = _records(sample)
    idle = [some for some in map(records.decode, of_sample) if some.last is None or some.last.last < at - IDLE_MS]
    random = np.random.Generator(np.random.PCG64(count))
    pipe = shelf.client.pipeline(transaction=False)
    others = random.poisson(max(count - len(coming), 0) / BUCKETS, BUCKETS).tolist()
    for bucket, many in enumerate(others):
        if many:
            ids = random.bytes((ID_BYTES - 2) * many)
            start = int(random.integers(0, len(of_sample)))
            some = {
                ids[n * (ID_BYTES - 2) : (n + 1) * (ID_BYTES - 2)] + bucket.to_bytes(2, "big"): of_sample[
                    (start + n) % len(of_sample)
                ]
                for n in range(many)
            }
            pipe.hset(shelf.keys.visitors(bucket.to_bytes(ID_BYTES, "big")), mapping=some)
        if bucket % BUCKETS_AT_ONCE == BUCKETS_AT_ONCE - 1:
            pipe.execute()
    for number in coming:
        own = visitor_id(number).bytes
        record = msgspec.structs.replace(idle[number % len(idle)], index=number, person="", queues=[])
        pipe.hset(shelf.keys.visitors(own), own, records.encode(record))
    pipe.hset(shelf.keys.progress, "visitors", count)
    pipe.execute()


def _records(sample: Property) -> list[bytes]:
    shelf = shelf_of(sample)
    return [
        record for key in shelf.keys.scan(shelf.client, "visitors::") for record in shelf.client.hgetall(key).values()
    ]
