"""(account, hostname) -> property, write key -> property, and whom a property excludes: in memory for the collector.

The table is read again when the database says that something changed: one small query a second.
Somebody who just made a property and opens its page must not wait for that second, so an unknown
host or key asks at once (but not more often than four times a second, whoever sends what).

The table holds digests of keys, never a key. That one was used is written once a day.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.db import Error as DjangoDatabaseError
from django.db import close_old_connections
from django.db.models import Count, Max

from accounts.models import Account
from accounts.tokens import digest_of
from properties import write_keys
from properties.exclusions import Exclusions
from properties.hostnames import normalise, patterns_for
from properties.models import Hostname, Property, WriteKey
from tracking.admission import Grant
from tracking.wire import Refused

log = logging.getLogger(__name__)

REFRESH_SECONDS = 1.0
AT_MOST_EVERY_SECONDS = 0.25


@dataclass(frozen=True)
class Snapshot:
    """The whole table at one moment. `version` tells whether the database has moved on."""

    version: tuple[Any, ...] = ()
    accounts: frozenset[int] = frozenset()
    owners: Mapping[int, int] = field(default_factory=dict)  # property -> account
    hosts: Mapping[tuple[int, str], int] = field(default_factory=dict)  # (account, pattern) -> property
    exclusions: Mapping[int, Exclusions] = field(default_factory=dict)  # of the properties that have some
    keys: Mapping[str, tuple[int, Grant]] = field(default_factory=dict)  # digest -> (the key's id, what it may)
    accounts_of: Mapping[str, frozenset[int]] = field(default_factory=dict)  # pattern -> accounts

    def property_for(self, account_id: int, hostname: str) -> int | None:
        """The property of the account that `hostname` belongs to."""
        for pattern in patterns_for(hostname):
            if property_id := self.hosts.get((account_id, pattern)):
                return property_id
        return None

    def place(self, hostname: str, accounts: frozenset[int]) -> list[Grant]:
        """The properties that `hostname` can mean: of `accounts`, else of all that name it, which `*` does not."""
        named = (pattern for pattern in patterns_for(hostname) if pattern != "*")
        meant = accounts or next((some for pattern in named if (some := self.accounts_of.get(pattern))), frozenset())
        found = ((account_id, self.property_for(account_id, hostname)) for account_id in sorted(meant))
        return [Grant(account_id, property_id) for account_id, property_id in found if property_id]

    def excludes(self, property_id: int, address: str) -> bool:
        """Whether visits from `address` are not to be counted for the property."""
        exclusions = self.exclusions.get(property_id)
        return exclusions is not None and exclusions.holds(address)


class Directory:
    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self.loaded = asyncio.Event()
        self._checked = 0.0  # when the last look began
        self._checking = asyncio.Lock()
        self._used: dict[int, date] = {}  # write key -> the day of its last use that is noted
        self._to_note: set[int] = set()

    async def keep_fresh(self) -> None:
        """Look for changes, until cancelled."""
        while True:
            await self.refresh()
            if self._to_note:
                await self._note_use()
            await asyncio.sleep(REFRESH_SECONDS)

    async def grant_of(self, key: str) -> Grant:
        """What may be sent with the write key `key`. Found by its digest, so time tells nothing. Raises Refused."""
        digest = digest_of(key)
        if digest not in self.snapshot.keys:  # it may have been made just now
            await self.refresh()
        found = self.snapshot.keys.get(digest)
        if found is None:
            raise Refused("unknown_key", "There is no such write key, or it was revoked.", 401)
        key_id, grant = found
        if self._used.get(key_id) != (today := datetime.now(UTC).date()):
            self._used[key_id] = today
            self._to_note.add(key_id)
        return grant

    async def place_of(self, name: str, account: str) -> Grant:
        """The property that the hostname `name` belongs to. `account` tells which where several have it.

        Raises Refused when it is nobody's, or of several.
        """
        try:
            host = normalise(name)
            accounts = frozenset([int(account[:16])]) if account else frozenset()
        except ValueError:
            raise Refused("bad_schema", f"{name[:100]!a} is no hostname, or the account is none.") from None
        if not self.snapshot.place(host, accounts):
            await self.refresh()
        found = self.snapshot.place(host, accounts)
        if not found:
            raise Refused("unknown_host", f"No property has the hostname {host}.", 404)
        if len(found) > 1:
            raise Refused("ambiguous_host", f"Several accounts have {host}: name yours in the query, account=7.")
        return found[0]

    async def _note_use(self) -> None:
        some, self._to_note = self._to_note, set()
        try:
            await sync_to_async(write_keys.note_use, thread_sensitive=False)(some, datetime.now(UTC).date())
        except DjangoDatabaseError as error:
            log.warning("that write keys were used cannot be noted yet: %s", error)
            self._to_note |= some

    async def refresh(self) -> None:
        """Return when somebody has looked for changes since this was asked. Without a database nothing changes."""
        asked = time.monotonic()
        async with self._checking:
            if self._checked >= asked:  # all who have waited meanwhile share one look
                return
            await asyncio.sleep(self._checked + AT_MOST_EVERY_SECONDS - time.monotonic())
            self._checked = time.monotonic()
            try:
                self.snapshot = await sync_to_async(_changed_since, thread_sensitive=False)(self.snapshot)
                self.loaded.set()
            except DjangoDatabaseError as error:
                log.warning("the table of properties cannot be read, the old one stays: %s", error)


def _changed_since(snapshot: Snapshot) -> Snapshot:
    close_old_connections()
    version = _version()
    return snapshot if version == snapshot.version else load(version)


def _version() -> tuple[Any, ...]:
    properties = Property.objects.aggregate(n=Count("id"), changed=Max("changed_at"))
    return (
        properties["n"],
        properties["changed"],
        *Hostname.objects.aggregate(n=Count("id"), last=Max("id")).values(),
        *Account.objects.aggregate(n=Count("id"), last=Max("id")).values(),
        *WriteKey.objects.aggregate(n=Count("id"), last=Max("id"), revoked=Max("revoked_at")).values(),
    )


def load(version: tuple[Any, ...] = ()) -> Snapshot:
    """The table as the database has it now."""
    hosts = {
        (account_id, pattern): property_id
        for account_id, pattern, property_id in Hostname.objects.values_list("prop__account_id", "pattern", "prop_id")
    }
    return Snapshot(
        version=version,
        accounts=frozenset(Account.objects.values_list("id", flat=True)),
        owners=dict(Property.objects.values_list("id", "account_id")),
        hosts=hosts,
        accounts_of=_accounts_of(hosts),
        keys=_keys(),
        exclusions={
            property_id: Exclusions.parse(text)
            for property_id, text in Property.objects.exclude(excluded_addresses="").values_list(
                "id", "excluded_addresses"
            )
        },
    )


def _accounts_of(hosts: Mapping[tuple[int, str], int]) -> dict[str, frozenset[int]]:
    found: dict[str, frozenset[int]] = {}
    for account_id, pattern in hosts:
        found[pattern] = found.get(pattern, frozenset()) | {account_id}
    return found


def _keys() -> dict[str, tuple[int, Grant]]:
    wanted = ("digest", "id", "prop__account_id", "prop_id", "backfill")
    rows = WriteKey.objects.filter(revoked_at=None).values_list(*wanted)
    return {
        digest: (key_id, Grant(account_id, property_id, backfill))
        for digest, key_id, account_id, property_id, backfill in rows
    }
