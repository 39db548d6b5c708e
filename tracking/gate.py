"""What a sender's address is used for: its place, and how much it may send. Here the address ends."""

import logging
import math
import time
from collections.abc import MutableMapping
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from maxminddb import InvalidDatabaseError

from properties.exclusions import Exclusions
from tracking.admission import Admitted
from tracking.enrichment.countries import Countries, Place
from tracking.enrichment.limits import RateLimit
from tracking.peers import is_loopback, sender
from tracking.wire import MAX_EVENTS, Refused

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]

# So many seconds' worth may come at once, and always one whole batch.
BURST_SECONDS = 20
LONGEST_WAIT_SECONDS = 60


class Settings(Protocol):
    """What is read of Django's settings; docs/settings.md explains each."""

    TRUSTED_PROXIES: Exclusions
    GEO_DATABASE: str
    RATE_PER_ADDRESS: int
    RATE_PER_PROPERTY: int


class TooFast(Refused):
    """More than the limit of an address or a property. `seconds`: when it may be enough again.

    `counted`: whether the events are counted as dropped by whoever raised it.
    """

    def __init__(self, events: int, limit: RateLimit, counted: bool) -> None:
        super().__init__("too_fast", f"More than {limit.per_second:g} events a second; send them later.", 429)
        self.seconds = min(max(math.ceil(events / limit.per_second), 1), LONGEST_WAIT_SECONDS)
        self.counted = counted


class Gate:
    def __init__(self, settings: Any) -> None:
        """`settings`: see Settings. Raises ImproperlyConfigured when the database of places is none."""
        chosen: Settings = settings
        self._trusted = chosen.TRUSTED_PROXIES
        try:
            self._countries = Countries(chosen.GEO_DATABASE or None)
        except InvalidDatabaseError:
            raise ImproperlyConfigured(f"AKTIVAT_GEO_DATABASE: {chosen.GEO_DATABASE} is no .mmdb database.") from None
        self._of_address = _limit(chosen.RATE_PER_ADDRESS)
        self._of_property = _limit(chosen.RATE_PER_PROPERTY)
        self._has_warned = False

    def knock(self, scope: Scope) -> str:
        """The sender's address, before the body is read: one event's worth of its limit. Raises TooFast."""
        address = self._address(scope)
        self._take_of_address(address, 1, counted=False)
        return address

    def place(self, address: str) -> Place:
        """What goes on instead of the address."""
        return self._countries.locate(address)

    def measure(self, address: str, admitted: Admitted) -> None:
        """Count what is to be taken against the limits (one event was counted by `knock`). Raises TooFast."""
        self._take_of_address(address, admitted.taken - 1, counted=True)
        if self._of_property is not None:
            for property_id, packet in admitted.packets.items():
                self.measure_property(property_id, len(packet.events))

    def measure_property(self, property_id: int, events: int) -> None:
        """Count events that come with a key of the property: a server's address stands for nobody. Raises TooFast."""
        if self._of_property is not None and not self._of_property.take(str(property_id), events, time.monotonic()):
            raise TooFast(events, self._of_property, counted=True)

    def _take_of_address(self, address: str, events: int, counted: bool) -> None:
        # Loopback is this machine, or a proxy on it that the settings do not name: it stands for nobody.
        if self._of_address is None or events <= 0 or not address or is_loopback(address):
            return
        if not self._of_address.take(address, events, time.monotonic()):
            raise TooFast(events, self._of_address, counted)

    def _address(self, scope: Scope) -> str:
        client = scope.get("client")
        peer = str(client[0]) if client else ""
        forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        if forwarded and not self._has_warned and not self._trusted.holds(peer):
            self._has_warned = True
            log.warning(
                "a request says that it was passed on (X-Forwarded-For) by a server that AKTIVAT_TRUSTED_PROXIES "
                "does not name; the header is not believed, and all that comes that way counts as one address"
            )
        return sender(peer, forwarded, self._trusted)


def _limit(per_second: int) -> RateLimit | None:
    return RateLimit(per_second, max(per_second * BURST_SECONDS, MAX_EVENTS)) if per_second else None
