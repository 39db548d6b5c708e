"""What is in the bitmaps of a property today, whichever layout it has."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pyroaring import BitMap

from tests.stack import Stack, wait_for
from tracking.bitmaps.addresses import Address, TallyAddress
from tracking.bitmaps.layouts import Request, Shelf
from tracking.bitmaps.layouts.packed import PackedLayout
from tracking.keys import Keys


@dataclass
class Seen:
    """A property in the packed layout, the default."""

    stack: Stack
    account: int
    id: int

    @staticmethod
    def of(stack: Stack, made: dict[str, Any]) -> "Seen":
        """Of what create_account or demo_account printed."""
        return Seen(stack, int(made["account_id"]), int(made["property_id"]))

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.stack.data, Keys(self.account, self.id), ZoneInfo("UTC"))

    def who(self, trait: str) -> BitMap:
        """The visitors that have the trait."""
        address = Address(trait, _today())
        return PackedLayout().load(self.shelf, Request(bitmaps=[address])).bitmaps[address]

    def number(self, trait: str, metric: str = "events") -> int:
        """How much of the metric there is under the trait."""
        address = TallyAddress(metric, trait, _today())
        return PackedLayout().load(self.shelf, Request(tallies=[address])).tallies[address].total()

    def wait_for(self, trait: str, number: int, metric: str = "events") -> None:
        """Until there is so much; fails when there never is, or more."""
        wait_for(lambda: self.number(trait, metric) >= number, 60, lambda: f"{trait}: {self.number(trait, metric)}")
        assert self.number(trait, metric) == number


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
