"""Repeats: events that come a second time because their sender never saw the answer. Pure.

A sender numbers the events of its queue. Of each queue the highest number is kept, and the gaps
below it: what fills a gap is late, what does not has been here before.

    taken 0 1 2 5 6 9      high 9, gaps 3-4 7-8      4 is taken, 5 is a repeat

Memory is bounded: a visitor's newest queues are kept, of each the newest gaps. What falls into a
gap that is not remembered any more counts as a repeat: better one event too few than one too many.
Of a queue's own id a few bytes are kept, as many as the tracker's have: of every visitor there are some.
"""

from functools import lru_cache
from hashlib import blake2b

import msgspec

ID_BYTES = 6
QUEUES = 4
GAPS = 16


class Queue(msgspec.Struct, array_like=True, gc=False):
    """`gaps`: (first, last) of the numbers below `high` that have not come yet, ascending."""

    id: bytes
    high: int
    gaps: list[tuple[int, int]] = []

    def take(self, number: int) -> bool:
        """Whether `number` comes for the first time; then it is noted."""
        if number > self.high:
            if number > self.high + 1:
                self.gaps = [*self.gaps, (self.high + 1, number - 1)][-GAPS:]
            self.high = number
            return True
        for place, (first, last) in enumerate(self.gaps):
            if first <= number <= last:
                rest = [(first, number - 1), (number + 1, last)]
                gaps = [*self.gaps[:place], *(gap for gap in rest if gap[0] <= gap[1]), *self.gaps[place + 1 :]]
                self.gaps = gaps[-GAPS:]
                return True
        return False


def is_repeat(queues: list[Queue], queue_id: str, number: int) -> bool:
    """Whether the event has been here before; else it is noted. The queue used last is the first of `queues`."""
    short = _short(queue_id)
    for place, queue in enumerate(queues):
        if queue.id == short:
            if place:
                queues.insert(0, queues.pop(place))
            return not queue.take(number)
    queue = Queue(short, -1)
    queue.take(number)
    queues.insert(0, queue)
    del queues[QUEUES:]
    return False


@lru_cache(maxsize=4096)
def _short(queue_id: str) -> bytes:
    return blake2b(queue_id.encode(), digest_size=ID_BYTES).digest()
