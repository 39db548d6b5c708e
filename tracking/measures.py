"""How much an event says, in its attributes: money, time, and measurements for percentiles. Pure.

value 12.5, currency "EUR"      money:EUR  +1250        minor units, exact
visible_ms 8200                 visible    +8200        how long the page was looked at
load_ms 812, ttfb_ms, fcp_ms, lcp_ms, inp_ms            one sample each, milliseconds
cls 0.031                       samples:cls  31         thousandths; it has no unit
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from tracking.bitmaps import traits
from tracking.bitmaps.notes import TraitSet
from tracking.bitmaps.samples import HIGHEST
from tracking.enrichment.money import minor_units

VISIBLE = "visible"
MONEY = "money:"  # and a currency
LONGEST_VISIBLE_MS = 24 * 3600 * 1000
SAMPLED = {"load_ms": 1, "ttfb_ms": 1, "fcp_ms": 1, "lcp_ms": 1, "inp_ms": 1, "cls": 1000}  # name -> parts of one
# Of a session's traits, those that measurements are told apart by.
TOLD_APART = (traits.EVERYONE, "geo:", "cfg:browser:", "cfg:type:")

Value = str | int | float | bool | None


def sums(attributes: Mapping[str, Value]) -> Iterator[tuple[str, int]]:
    """(metric, amount) of what adds up."""
    visible = attributes.get("visible_ms")
    if isinstance(visible, int) and not isinstance(visible, bool) and 0 < visible <= LONGEST_VISIBLE_MS:
        yield VISIBLE, visible
    value, currency = attributes.get("value"), attributes.get("currency")
    if isinstance(value, int | float) and not isinstance(value, bool) and isinstance(currency, str):
        money = minor_units(value, currency)
        if money is not None and money[1]:
            yield MONEY + money[0], money[1]


def samples(attributes: Mapping[str, Value]) -> Iterator[tuple[str, int]]:
    """(what, value) of what is measured."""
    for what, value in attributes.items():
        parts = SAMPLED.get(what)
        if parts is None:
            continue
        if isinstance(value, int | float) and not isinstance(value, bool):
            whole = round(value * parts) if 0 <= value <= HIGHEST else -1
            if 0 <= whole <= HIGHEST:
                yield what.removesuffix("_ms"), whole


@lru_cache(maxsize=32768)
def told_apart(of_session: TraitSet) -> TraitSet:
    """The traits of a session that its measurements count under."""
    return "\n".join(trait for trait in of_session.split("\n") if tells_apart(trait))


def tells_apart(trait: str) -> bool:
    return trait.startswith(TOLD_APART)


@lru_cache(maxsize=32768)
def measured_on(of_event: TraitSet) -> TraitSet:
    """The page that an event's measurements count under; empty when it names none."""
    pages = (trait for trait in of_event.split("\n") if trait.startswith(("page:", "on:")))
    return next((traits.page(traits.name_of(page)) for page in pages), "")
