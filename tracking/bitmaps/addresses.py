"""The address of a bitmap: `trait::slot`, as `evt:signup::2026-11-24`; and of a tally: that and a metric. Pure."""

from typing import NamedTuple


class Address(NamedTuple):
    trait: str
    label: str

    def __str__(self) -> str:
        return f"{self.trait}::{self.label}"


class TallyAddress(NamedTuple):
    metric: str
    trait: str
    label: str

    def __str__(self) -> str:
        return f"{self.metric} of {self.trait}::{self.label}"


def parse(text: str) -> Address:
    """The address that `text` spells. Raises ValueError."""
    trait, separator, label = text.rpartition("::")
    if not separator or not trait or not label:
        raise ValueError(f"{text!r} is no address such as evt:signup::2026-11-24.")
    return Address(trait, label)
