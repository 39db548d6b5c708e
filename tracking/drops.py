"""Events that were not taken, and why: counted for each property and day, shown to its members."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from cluster.connections import data
from properties.models import Property
from tracking.keys import NO_PROPERTY, Keys

KEPT_SECONDS = 90 * 24 * 3600
# An account's list of foreign hostnames is for a typing error, not for whoever floods it.
UNKNOWN_HOSTS_A_DAY = 50

EXPLANATIONS = {
    "bad_json": "The request was no valid JSON.",
    "bad_schema": "A field was missing, unknown or of the wrong type.",
    "too_large": "The request was larger than it may be: 256 KB from a tracker.",
    "too_slow": "The request took longer than 20 seconds to arrive.",
    "too_many_events": "More than 500 events came in one request.",
    "too_many_attributes": "An event had more than 30 attributes.",
    "too_old": "The event happened more than 30 days before it was sent.",
    "in_future": "The event claimed to happen in the future.",
    "bot": "The sender said that it is a program: a crawler, a monitor or a headless browser.",
    "excluded": "The sender's address is one that you excluded in the settings.",
    "repeat": "The event had been taken before; its sender had not seen the answer.",
    "repeated_order": "The purchase or refund had been counted before: an order counts once.",
    "without_session": "It told of a page that nobody had viewed, or not within half a day.",
    "no_address": "It named no visitor, and its sender's address, which an anonymous one is told by, is not known.",
    "too_fast": "More came from one address, or for this property, than the server's limit allows.",
    "backlog": "Too many events waited to be counted; the tracker keeps these and sends them again.",
    "busy": "The server was reading too many requests; the tracker keeps these events and sends them again.",
    "no_key": "It came from a server without a write key.",
    "unknown_key": "Its write key is none, or was revoked.",
    "no_visitor": "It named neither a visitor nor a user.",
    "no_user": "It is about a user, and named none.",
    "no_group": "It is about a group, and named none.",
    "unknown_type": "It was a message of a kind that is not known.",
    "bad_time": "It said when it happened in a form that cannot be read.",
    "bad_encoding": "The request was compressed in a way that cannot be read.",
    "ambiguous_host": "Several accounts have the hostname, and the request did not name one of them.",
    "wrong_host": "The event named this property but came from a hostname that is not one of its own.",
}


@dataclass(frozen=True)
class Drop:
    day: date
    reason: str
    explanation: str
    count: int


def drops(prop: Property, today: date, days: int = 7) -> list[Drop]:
    """What was not taken in the last `days` days (UTC), the newest day and largest count first."""
    return _drops(Keys(prop.account_id, prop.id), today, days)


def account_drops(account_id: int, today: date, days: int = 7) -> list[Drop]:
    """The same for requests that named the account, but could not be read and came from no page."""
    return _drops(Keys(account_id, NO_PROPERTY), today, days)


def _drops(keys: Keys, today: date, days: int) -> list[Drop]:
    wanted = [today - timedelta(days=back) for back in range(days)]
    found = []
    for day, counts in zip(wanted, _hashes([keys.drops(day.isoformat()) for day in wanted]), strict=True):
        for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            found.append(Drop(day, reason, EXPLANATIONS.get(reason, reason), count))
    return found


def unknown_hosts(account_id: int, today: date, days: int = 7) -> list[tuple[str, int]]:
    """(hostname, events) that named the account but belong to no property, the most frequent first."""
    keys = Keys(account_id, NO_PROPERTY)
    totals: dict[str, int] = {}
    for counts in _hashes([keys.unknown_hosts((today - timedelta(days=back)).isoformat()) for back in range(days)]):
        for host, count in counts.items():
            totals[host] = totals.get(host, 0) + count
    return sorted(totals.items(), key=lambda item: (-item[1], item[0]))


def _hashes(keys: list[str]) -> list[dict[str, int]]:
    pipe = data().pipeline(transaction=False)
    for key in keys:
        pipe.hgetall(key)
    replies: list[Any] = pipe.execute()
    return [{field.decode(): int(count) for field, count in reply.items()} for reply in replies]
