"""Asking: each function here is one round trip, however much it asks for."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pyroaring import BitMap

from cluster.connections import data
from properties.models import Property
from tracking.bitmaps.addresses import Address
from tracking.bitmaps.expressions import Question
from tracking.keys import Keys
from tracking.layouts import layout_of


def answers(prop: Property, questions: Sequence[Question]) -> list[BitMap]:
    """The visitors that answer each question."""
    addresses = [address for question in questions for address in question.addresses()]
    bitmaps = load(prop, addresses)
    return [question.answer(bitmaps) for question in questions]


def load(prop: Property, addresses: Sequence[Address]) -> dict[Address, BitMap]:
    """The bitmaps at `addresses`; an empty one where nothing was marked."""
    if not addresses:
        return {}
    return layout_of(prop).load(data(), Keys(prop.account_id, prop.id), addresses)


def counts(prop: Property, wanted: Sequence[tuple[str, str]]) -> list[Counter[str]]:
    """For each (what, label), `what` being events or sessions: how many by trait."""
    keys = Keys(prop.account_id, prop.id)
    pipe = data().pipeline(transaction=False)
    for what, label in wanted:
        pipe.hgetall(keys.count(what, label))
    replies: list[Any] = pipe.execute() if wanted else []
    return [Counter({trait.decode(): int(number) for trait, number in reply.items()}) for reply in replies]
