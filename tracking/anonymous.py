"""Visitors without a cookie: ids that hold for a day, of a digest that nobody can make again after it.

    salt of the property and day (UTC)   32 random bytes in {7::3}::salt::2026-11-24, gone an hour after the day
      + account, property, address, User-Agent
          ├─► visitor id     both in the form of a random uuid
          └─► session id     the drain makes sessions of it by the time between events, as ever

All collectors share the salt through the property's shard, each keeps it in memory until the day is over. It is in no
log and no archive, and the address goes no further than this digest. So one person is one visitor all day, and another
the next: nobody returns, no number goes from one day to the next, and several people behind one address with the same
browser are one.
"""

import hashlib
import secrets
import uuid
from datetime import UTC, datetime, timedelta

from tracking.admission import Admitted
from tracking.appender import Unavailable
from tracking.keys import Keys
from tracking.once import Owner
from tracking.sending import Sending
from tracking.wire import Refused

SALT_BYTES = 32
KEPT_AFTER_THE_DAY = timedelta(hours=1)  # clocks differ
SEPARATOR = b"\x00"  # in no address, and in no header


class Anonymous:
    """Tells anonymous visitors apart, in the running event loop."""

    def __init__(self) -> None:
        self._sending = Sending()
        self._day = ""
        self._salts: dict[Owner, bytes] = {}  # of this day

    async def close(self) -> None:
        await self._sending.close()

    async def name(self, admitted: Admitted, address: str, user_agent: str, received: int) -> None:
        """Give the packets the ids of who sent them. Raises Refused without an address, Unavailable."""
        if not address:
            raise Refused("no_address", "A batch names its visitor and session, or comes from an address.")
        day = datetime.fromtimestamp(received // 1000, UTC)
        for property_id, packet in admitted.packets.items():
            owner = (admitted.account_id, property_id)
            salt = await self._salt(owner, day)
            packet.visitor_id, packet.session_id = ids(salt, owner, address, user_agent)

    async def _salt(self, owner: Owner, day: datetime) -> bytes:
        label = f"{day:%Y-%m-%d}"
        if label != self._day:
            self._day, self._salts = label, {}
        if (known := self._salts.get(owner)) is not None:
            return known
        own, key = secrets.token_bytes(SALT_BYTES), Keys(*owner).salt(label)
        end = day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) + KEPT_AFTER_THE_DAY
        # Whoever comes first decides; all take what is there then.
        first = ("SET", key, own, "NX", "EXAT", int(end.timestamp()))
        _, salt = await self._sending.send([(key, first), (key, ("GET", key))])
        if not isinstance(salt, bytes):
            await self._sending.look_again()
            raise Unavailable(f"There is no salt for anonymous visitors: {salt}")
        if label == self._day:
            self._salts[owner] = salt
        return salt


def ids(salt: bytes, owner: Owner, address: str, user_agent: str) -> tuple[bytes, bytes]:
    """(visitor id, session id) of who sends from there."""
    told = SEPARATOR.join(part.encode() for part in (*map(str, owner), address, user_agent))
    return _id(salt, told, b"visitor"), _id(salt, told, b"session")


def _id(salt: bytes, told: bytes, person: bytes) -> bytes:
    digest = hashlib.blake2b(told, digest_size=16, key=salt, person=person).digest()
    return uuid.UUID(bytes=digest, version=4).bytes
