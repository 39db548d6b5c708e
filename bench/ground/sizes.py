"""What one size of a property holds and costs, measured. Needs Django set up.

    data set of N visitors, 30 days
        │ its last two days: archive, rebuild      minutes, hours, days of bitmaps and columns; hours and days are
        │                                          scaled to the month by active visitor-days
        │ the days before: archive, rebuild        where the month is made whole: then its month and year are made too
        │                  or only the bitmaps     of the traits that the questions ask for, in larger ones
        ▼
    one property ──► its keys by kind ──► the questions ──► a log drained and sealed, with N visitors known

What there is for each visitor and session is that of a few thousand visitors, really drained, in as few buckets that
each is as full as with N (see held.py). Times are CPU time of this process and of the server together, so what
else the machine does hardly changes them.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np
from pyroaring import BitMap

from bench.dataset import EVENTS_A_VISITOR, Dataset, Shape
from bench.ground import archived, engine, held, known, worker
from bench.ground.asked import engine_of
from bench.ground.columns import Columns
from bench.ground.cost import Clock
from bench.ground.memory_limit import Bitmaps
from bench.ground.questions import COLUMNS, fixed
from bench.ground.spectrum import GRANULARITIES, spectrum_of
from bench.ground.visits import DAY_MS
from bench.ground.wire import EVENTS_A_BODY
from properties.models import BOUNDS, Property
from tracking.archive.store import store
from tracking.bitmaps import traits
from tracking.bitmaps.layouts import packed_totals
from tracking.bitmaps.layouts.packed_fields import Reading
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.slots import level
from tracking.bitmaps.tally import Tally
from tracking.drain import Drain
from tracking.keys import BUCKETS
from tracking.rebuild import ONE_DAY, rebuild
from tracking.sessions import SESSIONS
from tracking.shelves import layout_of, shelf_of

DAYS_OF_MINUTES = 2  # that are kept, at the default
SWEEP_SECONDS = 5  # what waits is sealed so often
PACKETS_AN_ENTRY = 50
COLUMNS_OF = ("counts", "sums")


class Effort(NamedTuple):
    """`sample`: visitors that are really drained; with 10^8, 3,052 of them fill two of the buckets.

    `fine_days`: that have minutes and hours.
    """

    sample: int = 3_052
    fine_days: int = 2
    log_events: int = 20_000
    logs: int = 3
    sweeps: int = 5


@dataclass
class Loaded:
    """`fine`: days that have minutes and hours. `tail`: the last events.

    `times`: how many times what there is of a granularity there would be: minutes of two days, hours and days of as
    many active visitor-days as the month has.
    """

    prop: Property
    data: Dataset
    bitmaps: Bitmaps
    first: date
    last: date
    fine: list[str]
    times: list[float]
    tail: Columns


def measure(visitors: int, whole: bool, effort: Effort) -> dict[str, Any]:
    """Everything of one size; `whole`: the month is rebuilt whole, and its month and year are made."""
    data = Dataset(Shape(events=visitors * EVENTS_A_VISITOR))
    loaded = _load(data, whole, effort)
    print(f"{visitors:,} visitors: loaded", flush=True)
    sample = worker.property_of_its_own()
    found: dict[str, Any] = {
        "visitors": visitors,
        "events": data.shape.events,
        "visitor_days": sum(map(len, loaded.bitmaps.of(traits.EVERYONE, range(data.shape.days)))),
        "whole": whole,
        "bytes": _bytes(loaded, whole) | _of_visitors(sample, visitors, effort),
        "spectrum": spectrum_of(shelf_of(loaded.prop), loaded.fine, loaded.times, whole),
    }
    print(f"{visitors:,} visitors: {sum(found['bytes'].values()):,.0f} bytes", flush=True)
    clock = Clock(shelf_of(loaded.prop).client)
    found["questions"] = _questions(loaded, clock)
    found["ingest"] = _ingest(loaded, sample, clock, effort)
    return found


def _load(data: Dataset, whole: bool, effort: Effort) -> Loaded:
    prop, bitmaps = worker.property_of_its_own(), Bitmaps(COLUMNS)
    first = datetime.fromtimestamp(data.shape.midnight / 1000, UTC).date()
    last = first + (data.shape.days - 1) * ONE_DAY
    # Of the entry that ends a log the rest is not sent.
    wanted, tail = sum(some + PACKETS_AN_ENTRY * EVENTS_A_BODY for some in _cuts(data, effort)), None
    for number, events in enumerate(data.days()):
        bitmaps.add(data, events)
        if whole or number >= data.shape.days - effort.fine_days:
            archived.write_day(data, prop, store(), first + number * ONE_DAY, events)
        tail = events if tail is None else tail.followed_by(events)
        tail = tail.rows(slice(-wanted, None))
    assert tail is not None
    if whole:
        _keep(prop, hours=1, days=1)
        rebuild(prop, first, last - effort.fine_days * ONE_DAY)
    _keep(prop, hours=BOUNDS["minutes_kept_hours"][1], days=BOUNDS["hours_kept_days"][1])
    rebuild(prop, last - (effort.fine_days - 1) * ONE_DAY, last)
    if whole:
        engine.close(shelf_of(prop))
    else:
        _add_bitmaps(prop, bitmaps, first, last - effort.fine_days * ONE_DAY)
    active = [len(who) for who in bitmaps.of(traits.EVERYONE, range(data.shape.days))]
    share = sum(active) / sum(active[-effort.fine_days :])
    fine = [str(last - day * ONE_DAY) for day in range(effort.fine_days)]
    return Loaded(
        prop, data, bitmaps, first, last, fine, [DAYS_OF_MINUTES / effort.fine_days, share, share, 1, 1], tail
    )


def _keep(prop: Property, hours: int, days: int) -> None:
    """How long the minutes and hours of the property are kept: the data set's days are long ago."""
    prop.minutes_kept_hours, prop.hours_kept_days = hours, days
    prop.save()


def _add_bitmaps(prop: Property, bitmaps: Bitmaps, first: date, last: date) -> None:
    """The bitmaps of the days that are not rebuilt, and of their totals the names, which are those of the day after."""
    shelf, layout = shelf_of(prop), layout_of(prop)
    reading = Reading(shelf.client, shelf.keys)
    [after] = packed_totals.in_slots(reading, [str(last + ONE_DAY)])
    names = {name: some[SESSIONS] for name, some in after.items() if SESSIONS in some}
    names |= {name: 1 for name in bitmaps.conditions if name.startswith("src:")}
    for number in range((last - first).days + 1):
        label = str(first + number * ONE_DAY)
        who = {name: bitmaps.of(name, [number])[0] for name in (traits.EVERYONE, *bitmaps.conditions)}
        layout.store(shelf, label, {EVENTS: {name: _once(some) for name, some in who.items()}})
        numbers = {name: {SESSIONS: number} for name, number in names.items()}
        for name, tally in who.items():
            numbers.setdefault(name, {})[EVENTS] = len(tally)
        coded = [{packed_totals.code_of(metric): n for metric, n in some.items()} for some in numbers.values()]
        packed_totals.write(shelf.client, reading, [(label, name) for name in numbers], coded)


def _once(who: BitMap) -> Tally:
    return Tally(np.array(who.to_array(), np.uint32), np.ones(len(who), np.int64))


def _bytes(loaded: Loaded, whole: bool) -> dict[str, int]:
    """By kind and granularity, scaled to the month."""
    found: Counter[str] = Counter()
    for key, size in worker.sizes_of(loaded.prop).items():
        kind, label = _kind(key), key.rpartition("::")[2]
        place = level(label) if kind else 0
        if not kind or (place <= 2 and label[:10] not in loaded.fine) or (place > 2 and not whole):
            continue
        found[f"{kind} {GRANULARITIES[place]}"] += round(size * loaded.times[place])
    found["names day"] += held.name(loaded.prop, list(map(date.fromisoformat, loaded.fine)))  # no more are at hand
    return dict(sorted(found.items()))


def _kind(key: str) -> str:
    """`bitmaps`, `columns` or `names`; empty for what is counted otherwise or not at all."""
    head = key.partition("::")[0].partition(":")[0]
    if head == "totals":
        return "names"
    return "columns" if head in COLUMNS_OF else "bitmaps" if head == "sealed" else ""


def _of_visitors(sample: Property, visitors: int, effort: Effort) -> dict[str, int]:
    few = min(max(round(BUCKETS * effort.sample / visitors), 1), BUCKETS)
    found = held.of_visitors(sample, Dataset(Shape(events=effort.sample * EVENTS_A_VISITOR)), 1, few)
    return {part: round(size * visitors / effort.sample) for part, size in found.items()}


def of_visitors(visitors: int, effort: Effort) -> dict[str, Any]:
    """What there is for each visitor and session, of a size of which nothing else is measured."""
    return {"visitors": visitors, "bytes": _of_visitors(worker.property_of_its_own(), visitors, effort)}


def _questions(loaded: Loaded, clock: Clock) -> dict[str, dict[str, float]]:
    """Milliseconds of CPU of each. Raises SystemExit for an answer that is not that of the bitmaps in memory."""
    asked, found = engine_of(loaded.prop, loaded.first, loaded.last), {}
    for question in fixed(loaded.bitmaps):
        if question.engine(asked) != question.operations(loaded.bitmaps):
            raise SystemExit(f"Aktivat and the bitmaps differ on {question.name}.")
        cold, warm = clock.cold_and_warm(lambda ask=question.engine: ask(asked))  # type: ignore[misc]
        found[question.name] = {"cold_ms": cold * 1e3, "warm_ms": warm * 1e3}
    return found


def _ingest(loaded: Loaded, sample: Property, clock: Clock, effort: Effort) -> dict[str, float]:
    """Of whole logs, and of as many events as come between two sweeps at the property's own rate."""
    end = loaded.data.shape.midnight + loaded.data.shape.days * DAY_MS - 60_000  # in the last day's last minute
    coming = np.unique(loaded.tail.visitor).tolist()
    known.make(loaded.prop, sample, loaded.data.shape.visitors, coming, end)
    sweep, cuts, costs = _a_sweep(loaded.data), _cuts(loaded.data, effort), []
    packets = worker.packets_of(loaded.prop, loaded.data, loaded.tail, end, end + 1_000)
    for events in cuts:
        worker.append(loaded.prop, packets, events, min(PACKETS_AN_ENTRY, max(events // EVENTS_A_BODY, 1)))
        drained = clock.of(lambda: Drain.of(loaded.prop).run(600))
        waiting = layout_of(loaded.prop).waiting(shelf_of(loaded.prop))
        sealed = clock.of(lambda: layout_of(loaded.prop).seal(shelf_of(loaded.prop)))
        costs.append((drained, sealed))
        print(
            f"  {events:,} events, {waiting:,} bytes of log: drained in {drained:.3f} s, sealed in {sealed:.4f} s",
            flush=True,
        )
    if worker.counted(loaded.prop) != sum(cuts):
        raise SystemExit(f"{worker.counted(loaded.prop)} events were counted, {sum(cuts)} expected.")
    logs, sweeps = costs[: effort.logs], costs[effort.logs :]
    return {
        "drain_us": float(np.median([drained for drained, _ in logs])) / effort.log_events * 1e6,
        "seal_us": float(np.median([sealed for _, sealed in logs])) / effort.log_events * 1e6,
        "log_events": effort.log_events,
        "sweep_events": sweep,
        "sweep_seal_ms": float(np.median([sealed for _, sealed in sweeps])) * 1e3,
    }


def _cuts(data: Dataset, effort: Effort) -> list[int]:
    """The events of each log that is sealed."""
    return [*(effort.log_events for _ in range(effort.logs)), *(_a_sweep(data) for _ in range(effort.sweeps))]


def _a_sweep(data: Dataset) -> int:
    """Events that come in SWEEP_SECONDS, on average."""
    return max(round(data.shape.events / (data.shape.days * DAY_MS / 1000) * SWEEP_SECONDS), 1)
