"""How much an event says, in its attributes: money, time, and measurements for percentiles. Pure.

value 12.5, currency "EUR"      money:EUR  +1250        minor units, exact; of a refund -1250
value 12.5                      value     +12500        thousandths, under the event's own traits: it has no unit
weight 0.5 of an interest       weight      +500        thousandths, under the event's own traits; without a weight 1
visible_ms 8200                 visible    +8200        how long the page was looked at
load_ms 812, ttfb_ms, fcp_ms, lcp_ms, inp_ms            one sample each, milliseconds
cls 0.031                       samples:cls  31         thousandths; it has no unit

What is in a cart may be bought or not, so the money of such events is under their own traits alone. What the items of
an event add is said in commerce.py.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from tracking.bitmaps import traits
from tracking.bitmaps.notes import TraitSet
from tracking.bitmaps.samples import HIGHEST, tells_apart
from tracking.commerce import BEFORE_THE_SALE, MONEY, REFUND
from tracking.enrichment.money import minor_units, thousandths

VISIBLE = "visible"
VALUE = "value"
WEIGHT = "weight"
INTEREST = "interest"
LONGEST_VISIBLE_MS = 24 * 3600 * 1000
SAMPLED = {"load_ms": 1, "ttfb_ms": 1, "fcp_ms": 1, "lcp_ms": 1, "inp_ms": 1, "cls": 1000}  # name -> parts of one

Value = str | int | float | bool | None


class Sum(NamedTuple):
    """So much of a metric. `of_session`: under the traits of the session as well, not of the event alone."""

    metric: str
    amount: int
    of_session: bool


def sums(name: str, attributes: Mapping[str, Value]) -> Iterator[Sum]:
    """What an event of that name adds up."""
    visible = attributes.get("visible_ms")
    if isinstance(visible, int) and not isinstance(visible, bool) and 0 < visible <= LONGEST_VISIBLE_MS:
        yield Sum(VISIBLE, visible, True)
    if name == INTEREST and (weight := thousandths(attributes.get("weight", 1))):
        yield Sum(WEIGHT, weight, False)
    value = attributes.get("value")
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _worth(name, -abs(value) if name == REFUND else value, attributes.get("currency"))


def _worth(name: str, value: int | float, currency: Value) -> Iterator[Sum]:
    if not currency:
        if amount := thousandths(value):
            yield Sum(VALUE, amount, False)
    elif isinstance(currency, str):
        money = minor_units(value, currency)
        if money is not None and money[1]:
            yield Sum(MONEY + money[0], money[1], name not in BEFORE_THE_SALE)


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


@lru_cache(maxsize=32768)
def measured_on(of_event: TraitSet) -> TraitSet:
    """The page that an event's measurements count under; empty when it names none."""
    pages = (trait for trait in of_event.split("\n") if trait.startswith(("page:", "on:")))
    return next((traits.page(traits.name_of(page)) for page in pages), "")
