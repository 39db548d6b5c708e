"""Reading the packed layout: one transaction for whatever a page asks, and only for what is not held already.

    asked: evt:signup in 2026-10 and 2026-11
      2026-10 is made          ─► its own hash             ┐
      2026-11 is not           ─► the hashes of its days   ┴─► held in the cache, or fetched
    fetched with them: the generation, both logs ─► what is not sealed yet is added

If the property has moved to another generation since the cache was filled, the changed labels are
dropped and the request is made again, which is rare: a sealing happens every few seconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from pyroaring import BitMap

from tracking.bitmaps.addresses import Address, TallyAddress
from tracking.bitmaps.folding import Cells, Wanted, fold
from tracking.bitmaps.layouts import Found, Request, Shelf, packed_fields, packed_totals
from tracking.bitmaps.layouts.cache import UNKNOWN, Field, Held, Sized, cache
from tracking.bitmaps.layouts.packed_plain import MIXED, follows, of_each
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.ranges import borders_of
from tracking.bitmaps.roaring import ids_of
from tracking.bitmaps.samples import is_samples
from tracking.bitmaps.slots import days_of_month, level, months_of_year
from tracking.bitmaps.tally import EMPTY, Tally, added
from tracking.bitmaps.traits import EVERYONE
from tracking.bitmaps.values import unpack
from tracking.keys import Keys

ATTEMPTS = 6
LABELS_REMEMBERED = 10_000
EVERYTHING_CHANGED = "*"
BITMAP, COUNTS, SUM, TOTALS = range(4)  # what a field is read as
NOBODY = BitMap()


def load(shelf: Shelf, request: Request) -> Found:
    """What is asked for, sealed or not."""
    prefix = shelf.keys.prefix
    for attempt in range(ATTEMPTS):
        held = cache.held(prefix)
        if held.generation == UNKNOWN:
            held = _catch_up(shelf, held)
        fields = _fields(request, held.folded)
        known = cache.values(prefix, fields, held.generation) if attempt < ATTEMPTS - 1 else {}
        reply = _fetch(shelf, [field for field in fields if field not in known])
        if reply.held != held:
            _catch_up(shelf, held)
            continue
        cache.keep(prefix, reply.values, held.generation)
        values = known | {field: sized.value for field, sized in reply.values.items()}
        fresh = _fresh(request, reply.log)
        return _with_retractions(shelf, request, fresh, _assemble(request, held.folded, values, fresh))
    raise RuntimeError(f"{prefix} changed again and again while it was read.")


def _catch_up(shelf: Shelf, held: Held) -> Held:
    """Drop what has changed since `held` from the cache; what is known now."""
    keys = shelf.keys
    pipe = shelf.client.pipeline(transaction=True)
    pipe.get(keys.generation)
    pipe.smembers(keys.folded)
    pipe.zrangebyscore(keys.changed, f"({held.generation}", "+inf")
    pipe.zcard(keys.changed)
    pipe.zrange(keys.changed, 0, 0, withscores=True)
    generation, folded, changed, remembered, oldest = pipe.execute()
    now = _held(generation, folded)
    labels = {label.decode() for label in changed}
    forgotten = remembered >= LABELS_REMEMBERED and oldest[0][1] > held.generation
    everything = forgotten or EVERYTHING_CHANGED in labels or now.generation < held.generation
    cache.move_on(keys.prefix, held, now, None if everything else labels)
    return now


def _held(generation: bytes | None, folded: Iterable[bytes]) -> Held:
    return Held(int(generation or 0), frozenset(label.decode() for label in folded))


class _Reply(NamedTuple):
    held: Held
    log: bytes
    values: dict[Field, Sized]


def _fields(request: Request, folded: frozenset[str]) -> list[Field]:
    """The fields that make up the answer, each once."""
    found: dict[Field, None] = {}
    for trait, label in request.bitmaps:
        for part in _parts(label, folded):
            found[Field(BITMAP, EVENTS, part, trait)] = None
    for metric, trait, label in request.tallies:
        for part in _parts(label, folded):
            found |= dict.fromkeys(_columns(metric, trait, part))
            if follows(metric, trait):
                found |= dict.fromkeys([_bitmap(trait, part), _bitmap(MIXED, part), *_columns(metric, EVERYONE, part)])
    for _, label in request.totals:
        for part in _parts(label, folded):
            found[Field(TOTALS, "", part, "")] = None
    return list(found)


def _bitmap(trait: str, label: str) -> Field:
    return Field(BITMAP, EVENTS, label, trait)


def _columns(metric: str, trait: str, label: str) -> list[Field]:
    """What is kept under a trait itself."""
    return [Field(kind, metric, label, trait) for kind in ((BITMAP, COUNTS) if metric == EVENTS else (SUM,))]


def _parts(label: str, folded: frozenset[str]) -> list[str]:
    """The labels whose hashes hold a slot: its own, or those it is not made of yet."""
    if label in folded:
        return [label]
    match level(label):
        case 3:
            return days_of_month(label)
        case 4:
            return [day for month in months_of_year(label) for day in _parts(month, folded)]
    return [label]


def _fetch(shelf: Shelf, fields: Sequence[Field]) -> _Reply:
    """The state of the property, its logs and `fields` of its sealed hashes, in one transaction."""
    keys = shelf.keys
    pipe = shelf.client.pipeline(transaction=True)
    pipe.get(keys.generation)
    pipe.smembers(keys.folded)
    pipe.get(keys.sealing)
    pipe.get(keys.notes)
    groups: dict[tuple[int, str, str], list[Field]] = defaultdict(list)
    for field in fields:
        groups[field[:3]].append(field)
    for some in groups.values():
        _ask(pipe, keys, some)
    generation, folded, sealing, log, *found = pipe.execute()
    values = {
        field: value
        for some, reply in zip(groups.values(), found, strict=True)
        for field, value in zip(some, _decoded(some, reply), strict=True)
    }
    return _Reply(_held(generation, folded), (sealing or b"") + (log or b""), values)


def _ask(pipe: Any, keys: Keys, some: list[Field]) -> None:
    """Queue the command that reads fields of one hash."""
    kind, metric, label, _ = some[0]
    traits = [field.trait for field in some]
    if kind == BITMAP:
        pipe.hmget(keys.sealed(label), traits)
    elif kind == COUNTS:
        pipe.hmget(keys.counts(label), traits)
    elif kind == SUM:
        pipe.hmget(keys.sums(metric, label), traits)
    else:
        pipe.hgetall(keys.totals(label))


def _decoded(some: list[Field], reply: Any) -> Iterator[Sized]:
    """The values of fields of one hash."""
    kind = some[0].kind
    if kind == TOTALS:
        totals = packed_totals.of_a_slot(reply)
        yield Sized(totals, 400 * len(totals))
        return
    if kind == SUM:
        names = [(field.label, field.trait) for field in some]
        for tally in packed_fields.Packed(some[0].metric, names, reply, []).tallies():
            yield Sized(tally, tally.ids.nbytes + tally.values.nbytes)
        return
    for packed in reply:
        size = len(packed or b"")
        yield Sized(packed if kind == COUNTS else BitMap.deserialize(packed) if packed else NOBODY, size)


def _assemble(request: Request, folded: frozenset[str], values: Mapping[Field, Any], fresh: Cells) -> Found:
    found = Found()
    for address in request.bitmaps:
        bitmaps = [values[Field(BITMAP, EVENTS, part, address.trait)] for part in _parts(address.label, folded)]
        bitmap = bitmaps[0] if len(bitmaps) == 1 else BitMap.union(*bitmaps)
        new = _cell(fresh, TallyAddress(EVENTS, *address))
        found.bitmaps[address] = bitmap | new.who() if len(new) else bitmap
    for wide in (False, True):
        asked = [at for at in request.tallies if is_samples(at.metric) == wide]
        found.tallies |= zip(asked, _tallies(asked, folded, values, fresh), strict=True)
    for metric, label in request.totals:
        totals: dict[str, int] = defaultdict(int)
        code = packed_totals.code_of(metric)
        for part in _parts(label, folded):
            for trait, coded in values[Field(TOTALS, "", part, "")].items():
                if number := coded.get(code):
                    totals[trait] += number
        for trait, tally in fresh.get(label, {}).get(metric, {}).items():
            totals[trait] += tally.total()
        found.totals[(metric, label)] = {trait: number for trait, number in totals.items() if number}
    return found


def _fresh(request: Request, log: bytes) -> Cells:
    """What the logs hold for the request."""
    if not log:
        return {}
    asked = [*request.bitmaps, *((trait, label) for _, trait, label in request.tallies)]
    labels = {label for _, label in (*asked, *request.totals)}
    traits = None if request.totals else frozenset(trait for trait, _ in asked)
    return fold(log, sorted({level(label) for label in labels}), Wanted(frozenset(labels), traits))


def _cell(cells: Cells, at: TallyAddress) -> Tally:
    return cells.get(at.label, {}).get(at.metric, {}).get(at.trait, EMPTY)


def _tallies(
    asked: Sequence[TallyAddress], folded: frozenset[str], values: Mapping[Field, Any], fresh: Cells
) -> list[Tally]:
    """The tallies at addresses of one width: what is fresh, and the first, second, … part of each added to it."""
    found = [_cell(fresh, at) for at in asked]
    parts = [_parts(at.label, folded) for at in asked]
    for turn in range(max(map(len, parts), default=0)):
        here = [place for place, some in enumerate(parts) if turn < len(some)]
        sealed = _sealed([(asked[place], parts[place][turn]) for place in here], values)
        for place, tally in zip(here, added(sealed, [found[place] for place in here]), strict=True):
            found[place] = tally
    return found


def _sealed(asked: Sequence[tuple[TallyAddress, str]], values: Mapping[Field, Any]) -> list[Tally]:
    """What is sealed of (metric and trait, label): what is kept there, and everyone's numbers of plain visitors."""
    followed: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, (at, label) in enumerate(asked):
        if follows(at.metric, at.trait):
            followed[at.metric, label].append(place)
    every = [(TallyAddress(metric, EVERYONE, label), label) for metric, label in followed]
    kept = _kept([*asked, *every], values)
    found, columns = kept[: len(asked)], kept[len(asked) :]
    plain: dict[tuple[str, str], BitMap] = {}
    for ((metric, label), places), column in zip(followed.items(), columns, strict=True):
        traits = [asked[place][0].trait for place in places]
        for trait in traits:
            if (trait, label) not in plain:
                plain[trait, label] = values[_bitmap(trait, label)] - values[_bitmap(MIXED, label)]
        theirs = of_each(metric, column, [plain[trait, label] for trait in traits])
        for place, tally in zip(places, added(theirs, [found[place] for place in places]), strict=True):
            found[place] = tally
    return found


def _kept(asked: Sequence[tuple[TallyAddress, str]], values: Mapping[Field, Any]) -> list[Tally]:
    """What is kept under (metric and trait, label) itself."""
    found: list[Tally] = [values.get(Field(SUM, at.metric, label, at.trait), EMPTY) for at, label in asked]
    events = [place for place, (at, _) in enumerate(asked) if at.metric == EVENTS]
    ids = [ids_of(_counted(at.trait, label, values)) for at, label in map(asked.__getitem__, events)]
    counts = [values[Field(COUNTS, EVENTS, label, at.trait)] for at, label in map(asked.__getitem__, events)]
    borders = borders_of([len(some) for some in ids])
    numbers = unpack(counts, borders)
    for place, some, (begin, end) in zip(events, ids, pairwise(borders.tolist()), strict=True):
        found[place] = Tally(some, numbers[begin:end])
    return found


def _counted(trait: str, label: str, values: Mapping[Field, Any]) -> BitMap:
    """The visitors whose counts are kept under a trait."""
    bitmap: BitMap = values[_bitmap(trait, label)]
    return bitmap & values[_bitmap(MIXED, label)] if follows(EVENTS, trait) else bitmap


def _with_retractions(shelf: Shelf, request: Request, fresh: Cells, found: Found) -> Found:
    """Where notes that are not sealed take events back, only their number tells who is still there."""
    at = [TallyAddress(EVENTS, *address) for address in request.bitmaps] if fresh else []
    if retracted := [address for address in at if (_cell(fresh, address).values < 0).any()]:
        for (_, *address), tally in load(shelf, Request(tallies=retracted)).tallies.items():
            found.bitmaps[Address(*address)] = tally.who()
    return found
