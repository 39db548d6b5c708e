"""The data set as columns of words: what ClickHouse's table holds, and what the bitmaps are of.

Each column is codes and the words they stand for. A word of some columns is a trait of whoever has an
event with it: `trait_of` and `sql_of` say the same thing to either side.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.dataset import Dataset, arrival_of, device_of
from bench.ground import tables
from bench.ground.columns import Columns
from tracking.bitmaps import traits
from tracking.enrichment.screens import screen_class

Array = npt.NDArray[Any]

# Column -> the family of its trait. `source` and `campaign` are one trait together, `src`.
FAMILIES = {
    "browser": "cfg:browser",
    "version": "cfg:version",
    "platform": "cfg:platform",
    "type": "cfg:type",
    "resolution": "cfg:resolution",
    "language": "lang",
    "country": "geo",
    "channel": "chan",
    "who": "who",
}


class Coded(NamedTuple):
    """Row for row a place in `words`."""

    codes: Array
    words: list[str]


class Condition(NamedTuple):
    """Something that a visitor did or is: as a trait, and as what is true of a row of ClickHouse's table."""

    trait: str
    sql: str


def columns_of(data: Dataset, events: Columns) -> dict[str, Coded]:
    """Every column of words of these events."""
    found = dict(_of_event(events))
    rest, first = np.divmod(events.traits, 2)
    profile, came = np.divmod(rest, len(tables.ARRIVALS))
    for name, (codes, words) in _profiles(data).items():
        found[name] = Coded(codes[profile], words)
    for name, (codes, words) in _arrivals().items():
        found[name] = Coded(codes[came], words)
    found["who"] = Coded(first.astype(np.uint8), ["returning", "new"])
    return found


def condition(column: str, word: str) -> Condition:
    """Of a column of one word; of `src` the word is the trait itself."""
    if column == "name":
        return Condition(traits.event(word), f"name = {_quoted(word)}")
    if column == "page":
        return Condition(traits.page(word), f"name = 'pageview' AND page = {_quoted(word)}")
    if column == "plan":
        return Condition(traits.attribute("plan", word), f"plan = {_quoted(word)}")
    if column == "src":
        source, campaign = traits.source_of(word)
        return Condition(word, f"source = {_quoted(source)} AND campaign = {_quoted(campaign)}")
    return Condition(traits.named(FAMILIES[column], word), f"{column} = {_quoted(word)}")


def _of_event(events: Columns) -> dict[str, Coded]:
    return {
        "name": Coded(events.name, [name for name, _ in tables.NAMES]),
        "page": Coded(events.page, _paths()),
        "entry": Coded(events.entry, _paths()),
        "plan": Coded(events.plan, list(tables.PLANS)),
    }


@lru_cache(maxsize=1)
def _paths() -> list[str]:
    return [tables.page_path(code) for code in range(tables.PAGES)]


@lru_cache(maxsize=4)
def _profiles(data: Dataset) -> dict[str, Coded]:
    devices = [device_of(profile.agent) for profile in data.profiles]
    return {
        "browser": _coded([device.browser for device in devices]),
        "version": _coded([f"{device.browser} {device.version}" for device in devices]),
        "platform": _coded([device.platform for device in devices]),
        "type": _coded([device.kind for device in devices]),
        "resolution": _coded([screen_class(profile.screen) for profile in data.profiles]),
        "language": _coded([profile.language for profile in data.profiles]),
        "country": _coded([profile.country for profile in data.profiles]),
    }


@lru_cache(maxsize=1)
def _arrivals() -> dict[str, Coded]:
    known = [arrival_of(came) for came in range(len(tables.ARRIVALS))]
    return {
        "source": _coded([came.source for came in known]),
        "campaign": _coded([came.campaign or traits.NO_CAMPAIGN for came in known]),
        "channel": _coded([came.channel for came in known]),
        "medium": _coded([came.medium for came in known]),
        "referrer": _coded([came.referrer for came in known]),
        "src": _coded([traits.source(came.source, came.campaign) for came in known]),
    }


def _coded(words: list[str]) -> Coded:
    places: dict[str, int] = {}
    codes = np.array([places.setdefault(word, len(places)) for word in words], np.int32)
    return Coded(codes, list(places))


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
