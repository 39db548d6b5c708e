"""Which events of a batch are taken, for which property, and why the others are not. Pure.

account known?  ──►  property: named, else by hostname  ──►  address counted?  ──►  time within 30 days  ──►  packets
    404                404 unknown_host / 403 wrong_host        excluded                too_old / in_future
"""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

import msgspec

from properties.hostnames import normalise
from tracking.arrival import host_of
from tracking.stream import NO_NUMBER, Packet, StreamEvent
from tracking.wire import Batch, Refused, WireEvent

OLDEST_MS = 30 * 24 * 3600 * 1000
# Clocks differ by a little; what claims to be later than this is wrong.
AHEAD_MS = 5 * 60 * 1000
# Nobody signed up on a website before there were any: that is a time in seconds.
FIRST_SIGN_UP_MS = 631_152_000_000  # 1990


class Table(Protocol):
    """What is looked up: tracking.directory.Snapshot."""

    @property
    def accounts(self) -> frozenset[int]: ...
    @property
    def owners(self) -> Mapping[int, int]: ...
    def property_for(self, account_id: int, hostname: str) -> int | None: ...
    def excludes(self, property_id: int, address: str) -> bool: ...


class Sender(msgspec.Struct, frozen=True, gc=False):
    """What a request tells beside its body. The address it came from is not kept, only the place it stands for."""

    host: str = ""  # of the page that sent it
    user_agent: str = ""
    language: str = ""
    country: str = ""
    city: str = ""


class Grant(NamedTuple):
    """What a write key permits: to send events of one property, with `backfill` of any age."""

    account_id: int
    property_id: int
    backfill: bool = False


class Admitted(msgspec.Struct):
    """What is taken by property, and what is not: (property, reason) -> events; host -> events."""

    account_id: int
    packets: dict[int, Packet] = {}
    drops: dict[tuple[int, str], int] = {}
    unknown_hosts: dict[str, int] = {}
    taken: int = 0  # events in all packets

    def drop(self, property_id: int, reason: str, events: int = 1) -> None:
        self.drops[(property_id, reason)] = self.drops.get((property_id, reason), 0) + events

    @property
    def is_whole(self) -> bool:
        """Whether everything was taken."""
        return not self.drops and not self.unknown_hosts

    def reasons(self) -> Counter[str]:
        """Why events were not taken -> how many."""
        found: Counter[str] = Counter()
        for (_, reason), number in self.drops.items():
            found[reason] += number
        if self.unknown_hosts:
            found["unknown_host"] = sum(self.unknown_hosts.values())
        return found


def admit(batch: Batch, table: Table, sender: Sender, received: int, address: str = "") -> Admitted:
    """Sort the events of `batch`. Those without an address are of the page that sent them.

    `address`: where the request came from; only compared with what the property excludes. `received`: ms since 1970.
    The packets of a batch without ids have none, and say nothing of a person.

    Raises Refused when nothing of it can be for anybody: an unknown account or property, half an identity.
    """
    _refuse_half_an_identity(batch)
    account_id = known_account(batch.account, table)
    named = batch.property
    if named is not None and table.owners.get(named) != account_id:
        raise Refused("unknown_property", f"Account {account_id} has no property {named}.", 404)
    admitted = Admitted(account_id)
    shift = received - batch.sent if batch.sent is not None else 0
    for event in batch.events:
        host = hostname_of(event, sender.host)
        property_id = table.property_for(account_id, host) if host else None
        if named is not None and host and property_id != named:
            admitted.drop(named, "wrong_host")
            continue
        property_id = named or property_id
        if property_id is None:
            name = host or "(no hostname)"
            admitted.unknown_hosts[name] = admitted.unknown_hosts.get(name, 0) + 1
            continue
        if property_id not in admitted.packets and table.excludes(property_id, address):
            admitted.drop(property_id, "excluded")
            continue
        at = event.at + shift
        if reason := time_reason(at, received):
            admitted.drop(property_id, reason)
            continue
        packet = admitted.packets.get(property_id)
        if packet is None:
            packet = admitted.packets[property_id] = _packet(batch, sender, received)
        packet.events.append(_stream_event(event, min(at, received)))
        admitted.taken += 1
    if batch.visitor is None:
        _forget_people(admitted)
    return admitted


def admit_granted(batch: Batch, grant: Grant, sender: Sender, received: int) -> Admitted:
    """The same for what comes with a write key. Of which site an event is the key says, not a hostname; and the
    address is a server's, so it tells nothing of a visitor."""
    admitted = Admitted(grant.account_id)
    packet = _packet(batch, sender, received)
    shift = received - batch.sent if batch.sent is not None else 0
    for event in batch.events:
        at = event.at + shift
        reason = time_reason(at, received)
        if reason and not (reason == "too_old" and grant.backfill):
            admitted.drop(grant.property_id, reason)
            continue
        packet.events.append(_stream_event(event, min(at, received)))
    if packet.events:
        admitted.packets[grant.property_id] = packet
        admitted.taken = len(packet.events)
    return admitted


def _refuse_half_an_identity(batch: Batch) -> None:
    if (batch.visitor is None) != (batch.session is None):
        missing = "visitor" if batch.visitor is None else "session"
        raise Refused("bad_schema", f"A visitor and a session are given together, or none of them - at `$.{missing}`")


def _forget_people(admitted: Admitted) -> None:
    """Who is not to be known again is not told by name either."""
    for packet in admitted.packets.values():
        for event in packet.events:
            event.user, event.data, event.signed_up = "", {}, 0


def known_account(account: int | str, table: Table) -> int:
    """The account's id. Raises Refused for an account that is not there."""
    account_id = int(account)
    if account_id not in table.accounts:
        raise Refused("unknown_account", f"There is no account {account_id}.", 404)
    return account_id


def hostname_of(event: WireEvent, fallback_host: str) -> str:
    """The host an event belongs to; empty when it has none that is one."""
    # Addresses are many, the sites they are on are few.
    return _normal_host("/".join(event.url.split("/", 3)[:3]), fallback_host)


@lru_cache(maxsize=8192)
def _normal_host(origin: str, fallback_host: str) -> str:
    host = host_of(origin) or fallback_host
    try:
        return "" if "*" in host else normalise(host)
    except ValueError:
        return ""


def time_reason(at: int, received: int) -> str:
    if at < received - OLDEST_MS:
        return "too_old"
    return "in_future" if at > received + AHEAD_MS else ""


def _packet(batch: Batch, sender: Sender, received: int) -> Packet:
    return Packet(
        visitor_id=batch.visitor.bytes if batch.visitor else b"",
        session_id=batch.session.bytes if batch.session else b"",
        received=received,
        events=[],
        tab=batch.tab,
        queue=batch.queue,
        user_agent=sender.user_agent,
        language=batch.language or sender.language,
        screen=batch.screen,
        country=sender.country,
        city=sender.city,
    )


def _stream_event(event: WireEvent, at: int) -> StreamEvent:
    return StreamEvent(
        name=event.name,
        at=at,
        url=event.url,
        referrer=event.referrer,
        title=event.title,
        user=str(event.user),
        number=NO_NUMBER if event.n is None else event.n,
        attributes=event.attributes,
        data=event.data,
        items=event.items,
        signed_up=0 if event.signed_up is None else _sign_up(event.signed_up, at),
    )


def _sign_up(said: int, at: int) -> int:
    """When somebody signed up; 0 where what is said cannot be: before the web, or later than the event."""
    return min(said, at) if FIRST_SIGN_UP_MS <= said <= at + AHEAD_MS else 0
