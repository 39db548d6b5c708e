"""Expressions against Python's sets."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from tracking.bitmaps.bits import bitmap_from
from tracking.bitmaps.expressions import Expression, Question, everyone, trait

LABELS = ("2026-11-24", "2026-11-25")
NAMES = ("everyone", "evt:a", "evt:b")
members = st.frozensets(st.integers(0, 300), max_size=20)
stores = st.fixed_dictionaries({(name, label): members for name in NAMES for label in LABELS})
leaves = st.sampled_from([(everyone, "everyone"), (trait("evt:a"), "evt:a"), (trait("evt:b"), "evt:b")])
trees = st.recursive(leaves, lambda inner: st.tuples(st.sampled_from("&|-"), inner, inner), max_leaves=8)


def build(tree: Any) -> Expression:
    if len(tree) == 2:
        leaf: Expression = tree[0]
        return leaf
    left, right = build(tree[1]), build(tree[2])
    return {"&": left & right, "|": left | right, "-": left - right}[tree[0]]


def by_sets(tree: Any, store: dict[tuple[str, str], frozenset[int]]) -> set[int]:
    if len(tree) == 2:
        return set().union(*(store[(tree[1], label)] for label in LABELS))
    left, right = by_sets(tree[1], store), by_sets(tree[2], store)
    return {"&": left & right, "|": left | right, "-": left - right}[tree[0]]


@given(trees, stores)
def test_any_expression_equals_sets(tree: Any, store: dict[tuple[str, str], frozenset[int]]) -> None:
    question = Question(build(tree), LABELS)
    bitmaps = {address: BitMap(store[(address.trait, address.label)]) for address in question.addresses()}
    assert set(question.answer(bitmaps)) == by_sets(tree, store)


def test_over_no_slots_nobody_is_found() -> None:
    assert not everyone.over([]).answer({})


@given(st.frozensets(st.integers(0, 5_000)))
def test_bit_strings_are_read_as_redis_writes_them(offsets: frozenset[int]) -> None:
    bits = bytearray(max(offsets) // 8 + 1 if offsets else 0)
    for offset in offsets:
        bits[offset // 8] |= 0x80 >> (offset % 8)
    assert set(bitmap_from(bytes(bits))) == offsets


def test_a_missing_key_is_nobody() -> None:
    assert not bitmap_from(None)
