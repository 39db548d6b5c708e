"""(account, hostname) -> property, and whom a property excludes, held in memory for the collector.

The table is read again when the database says that something changed: one small query a second.
Somebody who just made a property and opens its page must not wait for that second, so an unknown
host asks at once (but not more often than four times a second, whoever sends what).
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.db import Error as DjangoDatabaseError
from django.db import close_old_connections
from django.db.models import Count, Max

from accounts.models import Account
from properties.exclusions import Exclusions
from properties.hostnames import patterns_for
from properties.models import Hostname, Property

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

    def property_for(self, account_id: int, hostname: str) -> int | None:
        """The property of the account that `hostname` belongs to."""
        for pattern in patterns_for(hostname):
            if property_id := self.hosts.get((account_id, pattern)):
                return property_id
        return None

    def excludes(self, property_id: int, address: str) -> bool:
        """Whether visits from `address` are not to be counted for the property."""
        exclusions = self.exclusions.get(property_id)
        return exclusions is not None and exclusions.holds(address)


class Directory:
    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self.loaded = asyncio.Event()
        self._checked = 0.0
        self._checking = asyncio.Lock()

    async def keep_fresh(self) -> None:
        """Look for changes, until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_SECONDS)

    async def refresh(self) -> None:
        """Look for changes now, unless somebody just did. A database that is away changes nothing."""
        async with self._checking:
            if time.monotonic() - self._checked < AT_MOST_EVERY_SECONDS:
                return
            try:
                self.snapshot = await sync_to_async(_changed_since, thread_sensitive=False)(self.snapshot)
                self.loaded.set()
            except DjangoDatabaseError as error:
                log.warning("the table of properties cannot be read, the old one stays: %s", error)
            self._checked = time.monotonic()


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
    )


def load(version: tuple[Any, ...] = ()) -> Snapshot:
    """The table as the database has it now."""
    return Snapshot(
        version=version,
        accounts=frozenset(Account.objects.values_list("id", flat=True)),
        owners=dict(Property.objects.values_list("id", "account_id")),
        hosts={
            (account_id, pattern): property_id
            for account_id, pattern, property_id in Hostname.objects.values_list(
                "prop__account_id", "pattern", "prop_id"
            )
        },
        exclusions={
            property_id: Exclusions.parse(text)
            for property_id, text in Property.objects.exclude(excluded_addresses="").values_list(
                "id", "excluded_addresses"
            )
        },
    )
