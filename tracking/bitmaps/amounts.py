"""Questions about how much: sums and percentiles, over slots, for any segment. Values until they are asked. Pure.

Amount("pageviews", "everyone").over(slots)           .answer(tallies).total(segment)
Amount("seconds", "src:news::cpg:spring").over(slots)  the same, of the sessions from there
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracking.bitmaps.addresses import TallyAddress
from tracking.bitmaps.slots import Slot
from tracking.bitmaps.tally import EMPTY, Tally


@dataclass(frozen=True)
class Amount:
    """So much of `metric` under `trait`."""

    metric: str
    trait: str

    def over(self, slots: Sequence[Slot]) -> "AmountQuestion":
        return AmountQuestion(self, tuple(slot.label for slot in slots))


@dataclass(frozen=True)
class AmountQuestion:
    amount: Amount
    labels: tuple[str, ...]

    def addresses(self) -> list[TallyAddress]:
        return [TallyAddress(self.amount.metric, self.amount.trait, label) for label in self.labels]

    def answer(self, tallies: Mapping[TallyAddress, Tally]) -> Tally:
        """The number of each visitor, over all slots."""
        total = EMPTY
        for address in self.addresses():
            total += tallies[address]
        return total
