"""How memory, ingest and questions grow with the visitors: a model of few terms, fitted to what was measured. Pure.

    what was measured ──► spectrum of the bitmaps ──► fields, containers, ids of N visitors ──► bytes
                    └───► a constant and a slope of every cost                              ──► CPU time

A spectrum says how many bitmaps there are of each number of visitors (spectrum.py). With more visitors and the same
shape each has more in proportion; with fewer, one that has m visitors has none any more with probability (1 - s)^m.
How long a bitmap is then follows from Roaring's format, and only what a field and a number cost besides is fitted.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.ground.spectrum import GRANULARITIES, Spectrum

Measured = Mapping[str, Any]  # one size, as sizes.py measures it
CONTAINER = 65_536  # ids
LONGEST_LIST, ID_BYTES = 4_096, 2  # ids of a container that are listed; with more it is a bitset
BITSET_BYTES = 8_192
RUNS_BYTES, RUN_BYTES = 2, 4  # of ids that follow each other
CONTAINER_BYTES, BITMAP_BYTES = 8, 8  # a container's key, number and offset; a bitmap's own header
BUCKETS = 65_536  # of visitors and of people
BY_VISITOR = ("visitors", "people")
IN_PROPORTION = ("sessions", "streams")
SWEEP_SECONDS = 5
EVENTS_A_VISITOR, MONTH_SECONDS = 30, 30 * 86_400
MONTHS_OF_HOURS = 3  # that hours are kept, at the default


class Grown(NamedTuple):
    """All bitmaps of one granularity: how many there are, the visitors in them, and Roaring's bytes."""

    fields: float
    ids: float
    bytes: float


def grown(spectrum: Spectrum, times: float, visitors: int) -> Grown:
    """Of a spectrum, with so many `times` the visitors it was measured with, which are then `visitors`."""
    fields, ids, size = 0.0, 0.0, 0.0
    for bitmaps, inside in spectrum:
        if bitmaps:
            alive = bitmaps * (1 - (1 - times) ** (inside / bitmaps) if times < 1 else 1.0)
            fields += alive
            ids += inside * times
            size += alive * roaring_bytes(inside * times / alive, visitors)
    return Grown(fields, ids, size)


def roaring_bytes(ids: float, visitors: int) -> float:
    """Of a bitmap of so many ids, spread evenly over `visitors`."""
    full, rest = divmod(visitors, CONTAINER)
    containers = ((full, CONTAINER), (1, rest))
    return BITMAP_BYTES + sum(
        number * _container_bytes(ids, span, visitors) for number, span in containers if number and span
    )


def _container_bytes(ids: float, span: int, visitors: int) -> float:
    """Of a container of `span` of all visitors: its share of the ids, as whatever is shortest."""
    there: float = 1 - (1 - span / visitors) ** ids
    each = ids * span / visitors / there
    runs = RUNS_BYTES + RUN_BYTES * each * (1 - each / span)  # a run ends before who is not there
    return there * (CONTAINER_BYTES + min(ID_BYTES * each if each <= LONGEST_LIST else BITSET_BYTES, runs))


def fitted(
    terms: Sequence[Sequence[float]], measured: Sequence[float], given: Sequence[float] | None = None
) -> list[float]:
    """A factor for each term, none below 0, so that the sums' relative errors are small; a row a measurement.

    `given`: what is known already of each, without a factor.
    """
    of = np.array(measured, np.float64)
    rows: npt.NDArray[np.float64] = np.array(terms, np.float64) / of[:, None]
    wanted = np.ones(len(of)) if given is None else 1 - np.array(given, np.float64) / of
    used = list(range(rows.shape[1]))
    while used:
        factors = np.linalg.lstsq(rows[:, used], wanted, rcond=None)[0]
        if (factors >= 0).all():
            return [float(factors[used.index(term)]) if term in used else 0.0 for term in range(rows.shape[1])]
        used.pop(int(np.argmin(factors)))
    return [0.0] * rows.shape[1]


def buckets_in_use(visitors: float) -> float:
    return BUCKETS * (1 - math.exp(-visitors / BUCKETS))


@dataclass(frozen=True)
class Model:
    """`spectra`: (visitors it was measured with, spectrum) of each granularity. The others are what was fitted.

    bitmaps    bytes of a field
    names      bytes of a field
    columns    bytes of a field, of a number
    visitors, people    bytes of one, of a bucket in use
    sessions, streams   bytes for each visitor
    drain      microseconds of an event, more for each tenfold of the visitors
    seal       milliseconds of a sealing, of an event, of a visitor
    questions  (name, cold or warm) -> milliseconds, more for each visitor
    """

    spectra: Mapping[str, tuple[int, Spectrum]]
    bitmaps: Sequence[float]
    names: Sequence[float]
    columns: Sequence[float]
    by_visitor: Mapping[str, Sequence[float]]
    in_proportion: Mapping[str, float]
    drain: Sequence[float]
    seal: Sequence[float]
    questions: Mapping[tuple[str, str], Sequence[float]]

    def of(self, granularity: str, visitors: int) -> Grown:
        measured_with, spectrum = self.spectra[granularity]
        return grown(spectrum, visitors / measured_with, visitors)

    def kinds(self, visitors: int) -> dict[str, float]:
        """Bytes after a month, by kind and granularity as they are measured."""
        found: dict[str, float] = {}
        for name in self.spectra:
            some = self.of(name, visitors)
            found[f"bitmaps {name}"] = some.bytes + self.bitmaps[0] * some.fields
            found[f"columns {name}"] = self.columns[0] * some.fields + self.columns[1] * some.ids
            found[f"names {name}"] = self.names[0] * some.fields
        for part in BY_VISITOR:
            each, bucket = self.by_visitor[part]
            found[part] = each * visitors + bucket * buckets_in_use(visitors)
        return found | {part: self.in_proportion[part] * visitors for part in IN_PROPORTION}

    def bytes_after(self, visitors: int, months: int) -> float:
        """After so many months in which the same visitors come: minutes 48 hours, hours 90 days, days for ever."""
        times = {"minute": 1, "hour": min(months, MONTHS_OF_HOURS), "day": months, "month": months}
        return sum(size * times.get(kind.rpartition(" ")[2], 1) for kind, size in self.kinds(visitors).items())

    def drain_us(self, visitors: int) -> float:
        return self.drain[0] + self.drain[1] * math.log10(visitors)

    def seal_ms(self, visitors: int, events: float) -> float:
        return self.seal[0] + self.seal[1] * events + self.seal[2] * visitors

    def sweep_ms(self, visitors: int) -> float:
        """Of what comes between two sweeps."""
        return self.seal_ms(visitors, visitors * EVENTS_A_VISITOR / MONTH_SECONDS * SWEEP_SECONDS)

    def round_ms(self, visitors: int) -> float:
        """Of a sealing, where each takes longer than the pause between sweeps: of what came during the one before."""
        without_events, a_millisecond = self.seal_ms(visitors, 0), visitors * EVENTS_A_VISITOR / MONTH_SECONDS / 1e3
        busy = self.seal[1] * a_millisecond
        slow = without_events / (1 - busy) if busy < 1 else math.inf
        return slow if self.sweep_ms(visitors) > SWEEP_SECONDS * 1e3 else self.sweep_ms(visitors)

    def question_ms(self, name: str, how: str, visitors: int) -> float:
        constant, each = self.questions[(name, how)]
        return constant + each * visitors

    def visitors_that_fit(self, size: float, months: int) -> int:
        """The most whose bytes are not above `size`."""
        low, high = 1, 10**10
        while high - low > low // 1_000 + 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.bytes_after(middle, months) <= size else (low, middle)
        return low


def model_of(sizes: Sequence[Measured], beyond: Sequence[Measured] = ()) -> Model:
    """Fitted to `sizes`; `beyond`: sizes of which only what each visitor takes was measured."""
    spectra = {name: _largest(sizes, name) for name in GRANULARITIES if any(name in size["spectrum"] for size in sizes)}
    cells = [(name, size, _as_in(spectra[name], size["visitors"])) for size in sizes for name in size["spectrum"]]
    each = [*sizes, *beyond]
    sealed = [row for size in sizes for row in _sealed(size)]
    return Model(
        spectra=spectra,
        bitmaps=_of_cells(cells, "bitmaps", lambda some: [some.fields], lambda some: some.bytes),
        names=_of_cells(cells, "names", lambda some: [some.fields]),
        columns=_of_cells(cells, "columns", lambda some: [some.fields, some.ids]),
        by_visitor={part: _of_each(each, part, lambda n: [n, buckets_in_use(n)]) for part in BY_VISITOR},
        in_proportion={part: _of_each(each, part, lambda n: [n])[0] for part in IN_PROPORTION},
        drain=fitted(
            [[1.0, math.log10(size["visitors"])] for size in sizes], [size["ingest"]["drain_us"] for size in sizes]
        ),
        seal=fitted([[1.0, events, visitors] for events, visitors, _ in sealed], [took for *_, took in sealed]),
        questions={
            (name, how): fitted(
                [[1.0, size["visitors"]] for size in sizes], [size["questions"][name][how] for size in sizes]
            )
            for name in sizes[0]["questions"]
            for how in ("cold_ms", "warm_ms")
        },
    )


def _sealed(size: Measured) -> list[tuple[float, int, float]]:
    """(events, visitors, milliseconds) of the sealings that were measured."""
    ingest, visitors = size["ingest"], size["visitors"]
    log = ingest["log_events"]
    return [(log, visitors, ingest["seal_us"] * log / 1e3), (ingest["sweep_events"], visitors, ingest["sweep_seal_ms"])]


def _of_each(sizes: Sequence[Measured], part: str, terms: Callable[[int], list[float]]) -> list[float]:
    return fitted([terms(size["visitors"]) for size in sizes], [size["bytes"][part] for size in sizes])


def _as_in(reference: tuple[int, Spectrum], visitors: int) -> Grown:
    return grown(reference[1], visitors / reference[0], visitors)


def _largest(sizes: Iterable[Measured], name: str) -> tuple[int, Spectrum]:
    return max((size["visitors"], size["spectrum"][name]) for size in sizes if name in size["spectrum"])


def _of_cells(
    cells: Sequence[tuple[str, Measured, Grown]],
    kind: str,
    terms: Callable[[Grown], list[float]],
    given: Callable[[Grown], float] = lambda some: 0.0,
) -> list[float]:
    """Factors of `terms`, for what of a kind's bytes is not `given`."""
    return fitted(
        [terms(some) for _, _, some in cells],
        [size["bytes"][f"{kind} {name}"] for name, size, _ in cells],
        [given(some) for _, _, some in cells],
    )
