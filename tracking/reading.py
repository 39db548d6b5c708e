"""Asking: each function here is one round trip, however much it asks for."""

from collections.abc import Sequence

from pyroaring import BitMap

from cluster.connections import MOVED, find_shards_again
from properties.models import Property
from tracking.bitmaps.addresses import Address, TallyAddress
from tracking.bitmaps.amounts import AmountQuestion
from tracking.bitmaps.expressions import Question
from tracking.bitmaps.layouts import Found, Request
from tracking.bitmaps.samples import SAMPLES
from tracking.bitmaps.tally import Tally
from tracking.shelves import layout_of, shelf_of


def answers(prop: Property, questions: Sequence[Question]) -> list[BitMap]:
    """The visitors that answer each question."""
    addresses = dict.fromkeys(address for question in questions for address in question.addresses())
    bitmaps = load(prop, addresses=list(addresses))
    return [question.answer(bitmaps) for question in questions]


def load(prop: Property, addresses: Sequence[Address]) -> dict[Address, BitMap]:
    """The bitmaps at `addresses`; an empty one where nothing was marked."""
    return read(prop, Request(bitmaps=addresses)).bitmaps if addresses else {}


def totals(prop: Property, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, int]]:
    """For each (metric, label) how much there is by trait."""
    return read(prop, Request(totals=wanted)).totals if wanted else {}


def read(prop: Property, request: Request) -> Found:
    """What is asked for; once more where the property has just moved to another shard."""
    layout = layout_of(prop)
    try:
        return layout.load(shelf_of(prop), request)
    except MOVED:
        find_shards_again()
        return layout.load(shelf_of(prop), request)


def amounts(prop: Property, questions: Sequence[AmountQuestion]) -> list[Tally]:
    """The number of each visitor, for each question; `total(segment)` adds up those of a segment."""
    addresses = list(dict.fromkeys(address for question in questions for address in question.addresses()))
    tallies = read(prop, Request(tallies=addresses)).tallies if addresses else {}
    return [question.answer(tallies) for question in questions]


def measurements(prop: Property, what: str, trait: str, days: Sequence[str]) -> list[Tally]:
    """The samples of `what` (load, lcp, …) under a trait, a tally for each local day; see bitmaps/samples.py."""
    asked = [TallyAddress(f"{SAMPLES}{what}", trait, day) for day in days]
    found = read(prop, Request(tallies=asked)).tallies if asked else {}
    return [found[address] for address in asked]
