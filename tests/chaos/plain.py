"""Every number of a property, counted from its archived rows with plain dictionaries.

Written from the definitions alone (tracking/sessions.py, bitmaps/traits.py, bitmaps/samples.py, docs), and by none of
the code that it checks; only the labels of slots are taken from `slots`, which has tests of its own.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from tracking.archive.rows import Row
from tracking.bitmaps.slots import labels

Numbers = dict[tuple[str, str, str], dict[int, int]]  # (label, metric, trait) -> visitor or sample -> number
DAY = 2
MINOR_UNITS = {"EUR": 100, "JPY": 1}
PASSIVE = ("engagement", "web_vitals")
NO_SESSION = bytes(16)
PARTS = {"load_ms": ("load", 1), "cls": ("cls", 1000)}


@dataclass(frozen=True)
class PlainSession:
    """What the rows of one session make. Times in ms since 1970."""

    visitor: int
    id: bytes
    traits: tuple[str, ...]
    started: int
    last: int
    events: int
    passive: int
    views: tuple[str, ...]  # the paths viewed, in order of time, then of receipt

    @property
    def is_bounce(self) -> bool:
        return self.events - self.passive == 1 and len(self.views) == 1

    @property
    def seconds(self) -> int:
        return (self.last - self.started) // 1000


def sessions_of(rows: Iterable[Row]) -> list[PlainSession]:
    """The sessions of the rows, which come in order of receipt."""
    by_session: dict[tuple[int, bytes], list[Row]] = defaultdict(list)
    for row in rows:
        if row.session != NO_SESSION:
            by_session[(row.visitor, row.session)].append(row)
    found = []
    for (visitor, session_id), some in by_session.items():
        [whole] = {row.session_traits for row in some}  # what is true of all of it is the same in each row
        in_time = sorted(some, key=lambda row: row.at)  # stable: what came first stays first
        views = tuple(_path(row) for row in in_time if row.name == "pageview")
        traits = tuple(whole.split("\n"))
        passive = sum(row.name in PASSIVE for row in some)
        found.append(
            PlainSession(visitor, session_id, traits, in_time[0].at, in_time[-1].at, len(some), passive, views)
        )
    return found


def count(rows: Iterable[Row], tz: ZoneInfo) -> Numbers:
    """Every number that the rows make, at all five granularities; none of them 0."""
    numbers: Numbers = defaultdict(lambda: defaultdict(int))
    some = list(rows)
    for metric, trait, at, place, amount in [*_of_rows(some), *_of_sessions(sessions_of(some))]:
        for level, label in enumerate(labels(at // 60_000, tz)):
            if level == DAY or not metric.startswith("samples:"):
                numbers[(label, metric, trait)][place] += amount
    return {key: kept for key, found in numbers.items() if (kept := {n: v for n, v in found.items() if v})}


Note = tuple[str, str, int, int, int]  # metric, trait, at, visitor or sample, amount


def _of_rows(rows: Iterable[Row]) -> Iterator[Note]:
    for row in rows:
        own, whole = row.traits.split("\n"), row.session_traits.split("\n") if row.session_traits else []
        for trait in own + whole:
            yield "events", trait, row.at, row.visitor, 1
        for metric, amount, of_session in _sums(row):
            for trait in own + whole if of_session else own:
                yield metric, trait, row.at, row.visitor, amount
        for metric, trait, amount in _of_items(row):
            yield metric, trait, row.at, row.visitor, amount
        for trait in whole if row.name == "pageview" else ():
            yield "pageviews", trait, row.at, row.visitor, 1
        told_apart = [t for t in whole if t == "everyone" or t.startswith(("geo:", "cfg:browser:", "cfg:type:"))]
        for what, value in _samples(row):
            sample = row.visitor * 2**32 + value * 2**11 + row.at // 60_000 % 2**11
            for trait in [*told_apart, f"page:{_path(row)}"]:  # or on: where it was no view
                yield f"samples:{what}", trait, row.at, sample, 1


def _of_sessions(sessions: Iterable[PlainSession]) -> Iterator[Note]:
    for session in sessions:
        at, visitor = session.started, session.visitor
        entry = [f"entry:{session.views[0]}"] if session.views else []
        left = [f"exit:{session.views[-1]}"] if session.views else []
        for trait in (*session.traits, *entry):
            yield "sessions", trait, at, visitor, 1
            yield "bounces", trait, at, visitor, int(session.is_bounce)
            yield "seconds", trait, at, visitor, session.seconds
        for trait in entry + left:
            yield "events", trait, at, visitor, 1
        for trait in left:
            yield "sessions", trait, at, visitor, 1


def _sums(row: Row) -> Iterator[tuple[str, int, bool]]:
    """(metric, amount, whether it is under the session's traits as well)"""
    said = json.loads(row.attributes or "{}")
    if said.get("visible_ms"):
        yield "visible", said["visible_ms"], True
    if row.name == "interest":
        yield "weight", round(said["weight"] * 1000), False
    if said.get("value") and "currency" not in said:
        yield "value", round(said["value"] * 1000), False
    elif said.get("value"):
        sign = -1 if row.name == "refund" else 1
        minor = sign * round(said["value"] * MINOR_UNITS[said["currency"]])
        yield f"money:{said['currency']}", minor, row.name != "add_to_cart"


def _of_items(row: Row) -> Iterator[tuple[str, str, int]]:
    """(metric, trait, amount) of what is known by the items of a row."""
    said, items = json.loads(row.attributes or "{}"), json.loads(row.items or "[]")
    sets = [{trait for trait in some.split("\n") if trait} for some in row.item_traits.split("\n\n")]
    for trait in set[str]().union(*sets):
        yield "events", trait, 1
    for item, traits in zip(items, sets, strict=False):
        sign = -1 if row.name == "refund" else 1
        for trait in traits:
            if row.name == "add_to_cart":
                yield "quantity:add_to_cart", trait, item["quantity"]
            else:
                minor = round(Decimal(str(item["price"])) * item["quantity"] * MINOR_UNITS[said["currency"]])
                yield "quantity", trait, sign * item["quantity"]
                yield f"money:{said['currency']}", trait, sign * minor


def _samples(row: Row) -> Iterator[tuple[str, int]]:
    said = json.loads(row.attributes or "{}")
    for key, (what, parts) in PARTS.items():
        if key in said:
            yield what, round(said[key] * parts)


def _path(row: Row) -> str:
    return row.url.removeprefix("https://shop.example").partition("?")[0] or "/"
