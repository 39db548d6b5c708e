"""Messages: what servers send with an id of their own, so that what they send again counts once. Pure.

A server has no queue with numbers (repeats.py), only ids in any order. Of each a digest is kept, for one to two weeks
after it came:

    {7::3}::messages::2968::1a4   set of digests that came in that week, by the last bits of the digest
    {7::3}::messages::2967::1a4   … in the week before: looked at as well, gone when the next one begins

The week is that of the collector's clock, which is in the stream: so it is the same whenever the batch is drained.
They are looked up before the steps run and written in the batch's transaction, as all that a batch does.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tracking.keys import Keys
from tracking.stream import Packet

WEEK_MS = 7 * 24 * 3600 * 1000
KEPT_SECONDS = 2 * WEEK_MS // 1000
DIGEST_BYTES = 12


def digest_of(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=DIGEST_BYTES, person=b"message").digest()


@dataclass
class Messages:
    """`known`: of those that a batch may bring, the ones that came before. `fresh`: what it adds -> its week."""

    known: set[bytes] = field(default_factory=set)
    fresh: dict[bytes, int] = field(default_factory=dict)

    def take(self, packet: Packet) -> bool:
        """Whether the packet's message comes for the first time; then it is noted."""
        message = packet.message
        if message in self.known or message in self.fresh:
            return False
        self.fresh[message] = packet.received // WEEK_MS
        return True


def load(client: Any, keys: Keys, packets: Sequence[Packet]) -> Messages:
    """Those of the packets' messages that came before."""
    wanted = {(packet.message, packet.received // WEEK_MS) for packet in packets if packet.message}
    if not wanted:
        return Messages()
    asked = [(message, week - back) for message, week in wanted for back in (0, 1)]
    pipe = client.pipeline(transaction=False)
    for message, week in asked:
        pipe.sismember(keys.messages(week, message), message)
    return Messages({message for (message, _), is_known in zip(asked, pipe.execute(), strict=True) if is_known})


def write(pipe: Any, keys: Keys, messages: Messages) -> None:
    by_key: dict[str, list[bytes]] = {}
    for message, week in messages.fresh.items():
        by_key.setdefault(keys.messages(week, message), []).append(message)
    for key, some in by_key.items():
        pipe.sadd(key, *some)
        pipe.expire(key, KEPT_SECONDS)
