"""Ordered funnels: how many visitors did the steps one after another, within a window. Pure.

As ClickHouse's windowFunnel(window, 'strict_increase'): each step is strictly later than the one
before, and at most `window` after the first. What counts is the best chain of a visitor over all
events that it may start with. (ClickHouse keeps only the latest start, so where a start and a later
step have the same millisecond it can find fewer steps than there are.)

A visitor and a time make one number, visitor in the high bits, so each step is one sorted array.
For every event of a step only the latest start that reaches it matters, as later starts leave more of
the window. That start belongs to the last event of the step before that is earlier than this one:
so it is one merge of two sorted arrays for each step, and no event is looked at twice.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.int64]
Visitors = npt.NDArray[np.uint32]
Events = tuple[npt.NDArray[Any], npt.NDArray[Any]]  # visitor indexes (u32) and times (ms), of one length

KEY_BITS = 63
ROWS_A_BLOCK = 1 << 16  # of the largest step: what is worked on at a time stays in the processor's cache
THREADS = min(8, os.cpu_count() or 1)  # numpy lets go of the interpreter's lock while it sorts and searches


def funnel(steps: Sequence[Events], window_ms: int) -> list[int]:
    """How many visitors reached each step.

    `steps`: for each step the visitor and the time of every event of it, in any order (sorted by
    (visitor, time) is fastest). `window_ms`: the last step is at most so long after the first.
    Raises ValueError for a negative window.
    """
    return [len(visitors) for visitors in reached(steps, window_ms)]


def reached(steps: Sequence[Events], window_ms: int) -> list[Visitors]:
    """The visitors that reached each step, sorted, each once. Arguments and errors as `funnel`."""
    if window_ms < 0:
        raise ValueError("The window of a funnel is not negative.")
    found: list[list[Visitors]] = [[] for _ in steps]
    if steps and len(steps[0][0]):
        earliest = min(int(at.min()) for _, at in steps if len(at))
        span = max(int(at.max()) for _, at in steps if len(at)) - earliest
        window = min(window_ms, span)
        # The times of two visitors are further apart than the window, so that one comparison asks for both.
        shift = (span + window + 1).bit_length()
        with ThreadPoolExecutor(THREADS) as pool:
            for some, base in _fitting(steps, 1 << (KEY_BITS - shift)):
                keys = list(pool.map(partial(_keys, base=base, earliest=earliest, shift=shift), some))
                for parts in pool.map(lambda block: _reached(block, window, shift), _blocks(keys, shift)):
                    for number, visitors in enumerate(parts):
                        found[number].append((visitors + base).astype(np.uint32))
    return [np.concatenate(parts) if parts else np.array([], np.uint32) for parts in found]


def _fitting(steps: Sequence[Events], width: int) -> Iterator[tuple[Sequence[Events], int]]:
    """The steps by ranges of `width` visitors, and where each begins: a key has no room for more."""
    largest = max(int(visitors.max()) for visitors, _ in steps if len(visitors))
    if largest < width:
        yield steps, 0
        return
    for base in (np.unique(steps[0][0] // width).astype(np.int64) * width).tolist():
        inside = [(visitors >= base) & (visitors < base + width) for visitors, _ in steps]
        yield [(visitors[mask], at[mask]) for (visitors, at), mask in zip(steps, inside, strict=True)], base


def _keys(events: Events, *, base: int, earliest: int, shift: int) -> Keys:
    """(visitor - base) << shift | (at - earliest), sorted."""
    visitors, at = events
    keys = np.empty(len(visitors), np.int64)
    for start in range(0, len(keys), ROWS_A_BLOCK):
        part = slice(start, start + ROWS_A_BLOCK)
        piece = keys[part]
        piece[:] = visitors[part]
        if base:
            piece -= base
        piece <<= shift
        piece += at[part]
        piece -= earliest
    if not (keys[1:] >= keys[:-1]).all():
        keys.sort()
    return keys


def _blocks(keys: list[Keys], shift: int) -> Iterator[list[Keys]]:
    """The steps cut between visitors, in pieces of about ROWS_A_BLOCK rows of the largest step."""
    cuts = max(keys, key=len)[ROWS_A_BLOCK::ROWS_A_BLOCK] >> shift << shift
    borders = [[0, *np.searchsorted(step, cuts).tolist(), len(step)] for step in keys]
    for number in range(len(cuts) + 1):
        yield [step[border[number] : border[number + 1]] for step, border in zip(keys, borders, strict=True)]


def _reached(steps: list[Keys], window: int, shift: int) -> list[Keys]:
    """The visitors of each step, sorted, each once, less the base."""
    ends = starts = steps[0]  # the events that chains end with, and the latest start of each
    found = [_distinct(ends >> shift)]
    for step in steps[1:]:
        before = np.searchsorted(ends, step) - 1  # the last event of the step before that is earlier
        reachable = starts[before] if len(starts) else np.full(len(step), -1, np.int64)
        chained = (before >= 0) & (step - reachable <= window)
        ends, starts = step[chained], reachable[chained]
        found.append(_distinct(ends >> shift))
    return found


def _distinct(visitors: Keys) -> Keys:
    if not len(visitors):
        return visitors
    distinct: Keys = visitors[np.concatenate([[True], visitors[1:] != visitors[:-1]])]
    return distinct
