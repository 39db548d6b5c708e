"""Questions about visitors, written as set expressions. Values: nothing here touches the network.

    question = ((trait("evt:signup") & trait("page:/pricing")) - trait("src:news::cpg:spring")).over(slots)
    question.addresses()       which bitmaps it needs
    question.answer(bitmaps)   the visitors, from those bitmaps

A trait over several slots is the union of its bitmaps there. There is no complement: `everyone - x`
is those who were seen and did not; a bare NOT would count offsets that never were anybody.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from tracking.bitmaps.addresses import Address
from tracking.bitmaps.slots import Slot
from tracking.bitmaps.traits import EVERYONE


class Expression(ABC):
    """The base of `Trait`, `And`, `Or` and `Minus`."""

    def __and__(self, other: "Expression") -> "Expression":
        return And(self, other)

    def __or__(self, other: "Expression") -> "Expression":
        return Or(self, other)

    def __sub__(self, other: "Expression") -> "Expression":
        return Minus(self, other)

    def over(self, slots: Sequence[Slot]) -> "Question":
        """This expression, asked of the visitors in `slots`."""
        return Question(self, tuple(slot.label for slot in slots))

    @abstractmethod
    def traits(self) -> frozenset[str]:
        """The traits it is made of."""

    @abstractmethod
    def combine(self, visitors: Mapping[str, BitMap]) -> BitMap:
        """The answer, given the visitors of each trait."""


@dataclass(frozen=True)
class Trait(Expression):
    name: str

    def traits(self) -> frozenset[str]:
        return frozenset([self.name])

    def combine(self, visitors: Mapping[str, BitMap]) -> BitMap:
        return visitors[self.name]


@dataclass(frozen=True)
class _Pair(Expression):
    left: Expression
    right: Expression

    def traits(self) -> frozenset[str]:
        return self.left.traits() | self.right.traits()


class And(_Pair):
    def combine(self, visitors: Mapping[str, BitMap]) -> BitMap:
        return self.left.combine(visitors) & self.right.combine(visitors)


class Or(_Pair):
    def combine(self, visitors: Mapping[str, BitMap]) -> BitMap:
        return self.left.combine(visitors) | self.right.combine(visitors)


class Minus(_Pair):
    def combine(self, visitors: Mapping[str, BitMap]) -> BitMap:
        return self.left.combine(visitors) - self.right.combine(visitors)


def trait(name: str) -> Trait:
    return Trait(name)


everyone = Trait(EVERYONE)


@dataclass(frozen=True)
class Question:
    expression: Expression
    labels: tuple[str, ...]

    def addresses(self) -> list[Address]:
        return [Address(name, label) for name in sorted(self.expression.traits()) for label in self.labels]

    def answer(self, bitmaps: Mapping[Address, BitMap]) -> BitMap:
        visitors = {
            name: BitMap.union(*(bitmaps[Address(name, label)] for label in self.labels)) if self.labels else BitMap()
            for name in self.expression.traits()
        }
        return self.expression.combine(visitors)
