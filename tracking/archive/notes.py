"""The notes that archived events make: the same that the drain made of them, for whole days at once.

    rows ── sorted by (session, at, receipt) ──► a session is a run of rows
      each row                               its own traits                    events, money, samples
      each item of a row                     its own traits                    events, quantity, money
      rows of a session in one minute        the session's traits              events, page views, money
      each run                               the session's, entry and exit     sessions, bounces, seconds
      rows of no session                     their own traits                  events: sign-ups that were told of later

What a session adds counts in the minute it began in (sessions.py), so the days before and after those
that are wanted are read as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tracking import commerce, measures
from tracking.archive import schema
from tracking.archive.rows import ITEM_SEPARATOR
from tracking.bitmaps import traits
from tracking.bitmaps.folding import Merged, Rows, Sets
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.samples import MINUTES, SAMPLES, tells_apart
from tracking.sessions import BOUNCES, PAGEVIEWS, PASSIVE, SECONDS, SESSIONS

OF_ITEMS = ("at", "visitor", "name", "attributes", "items", "item_traits")
OF_SESSIONS = (*schema.RECEIPT, "at", "visitor", "session", "name", "traits", "session_traits", "attributes")
COLUMNS = tuple(dict.fromkeys([*OF_SESSIONS, *OF_ITEMS]))
MINUTE_MS = 60_000

Ints = npt.NDArray[Any]


def notes_of(table: pa.Table, tz: ZoneInfo, start: int, end: int) -> Merged:
    """The notes of all events with start <= at < end (ms), and of the sessions that began then.

    `table` has COLUMNS, and every event of those sessions.
    """
    notes = _Notes(tz, start, end)
    notes.add_events(_Events.of(schema.of_sessions(table)))
    notes.add_sign_ups(schema.of_no_session(table))
    notes.add_items(table.filter(pc.not_equal(table.column("items"), "")).select(OF_ITEMS))
    return notes.merged()


@dataclass
class _Events:
    """The rows in order of session, time and receipt. `traits` and the like: numbers of texts."""

    at: Ints
    visitor: Ints
    first: Ints  # where each session begins
    session: Ints  # the number of the session of each row
    name: Ints
    names: list[str]
    traits: Ints
    texts: list[str]
    session_traits: Ints
    session_texts: list[str]
    attributes: Ints
    attribute_texts: list[str]

    @staticmethod
    def of(table: pa.Table) -> "_Events":
        sessions = schema.encoded(table, "session")[0].astype(np.int64)
        visitors = schema.numbers(table, "visitor").astype(np.int64)
        receipt = [schema.numbers(table, name) for name in ("ordinal", "entry_seq", "entry_ms")]
        order = np.lexsort((*receipt, schema.numbers(table, "at"), visitors, sessions))
        sessions, visitors = sessions[order], visitors[order]
        begins = np.ones(len(order), np.bool_)
        begins[1:] = (sessions[1:] != sessions[:-1]) | (visitors[1:] != visitors[:-1])
        name_codes, names = schema.codes(table, "name")
        event_codes, texts = schema.codes(table, "traits")
        session_codes, session_texts = schema.codes(table, "session_traits")
        attributes, attribute_texts = schema.encoded(table, "attributes")
        return _Events(
            at=schema.numbers(table, "at")[order],
            visitor=visitors,
            first=np.flatnonzero(begins),
            session=np.cumsum(begins) - 1,
            name=name_codes[order].astype(np.int64),
            names=names,
            traits=event_codes[order].astype(np.int64),
            texts=texts,
            session_traits=session_codes[order].astype(np.int64),
            session_texts=session_texts,
            attributes=attributes[order].astype(np.int64),
            attribute_texts=attribute_texts,
        )


@dataclass
class _Notes:
    tz: ZoneInfo
    start: int
    end: int
    numbers: dict[str, int] = field(default_factory=dict)  # of each trait
    sets: list[Sets] = field(default_factory=list)
    count: int = 0  # of all sets
    rows: dict[str, list[Rows]] = field(default_factory=dict)

    def merged(self) -> Merged:
        """All that was added."""
        merged = {m: Rows(*map(np.concatenate, zip(*some, strict=True))) for m, some in self.rows.items()}
        sets = Sets(*map(np.concatenate, zip(*self.sets, strict=True)))
        return Merged(self.tz, list(self.numbers), sets, merged)

    def add_events(self, events: _Events) -> None:
        """What the events of sessions make, and their sessions."""
        own = self._sets(events.texts)
        whole = self._sets(events.session_texts)
        if len(events.at):
            self._of_events(events, own, whole)
            self._of_sessions(events, whole)

    def add_sign_ups(self, table: pa.Table) -> None:
        """An event each, and nothing else."""
        codes, texts = schema.codes(table, "traits")
        at, visitors = schema.numbers(table, "at"), schema.numbers(table, "visitor")
        inside = ((at >= self.start) & (at < self.end)).astype(np.int64)
        self._add(EVENTS, self._sets(texts)[codes], at, visitors, inside)

    def add_items(self, table: pa.Table) -> None:
        """What each item adds, row by row: few events have some."""
        found: dict[str, list[tuple[str, int, int, int]]] = {}
        for at, visitor, name, attributes, items, sets in zip(*(column.to_pylist() for column in table), strict=True):
            if self.start <= at < self.end:
                said, some = msgspec.json.decode(attributes or "{}"), msgspec.json.decode(items)
                for trait, amounts in commerce.noted(name, said, some, sets.split(ITEM_SEPARATOR)).items():
                    for metric, amount in ((EVENTS, 1), *amounts.items()):
                        found.setdefault(metric, []).append((trait, at, visitor, amount))
        for metric, rows in found.items():
            traits, *columns = zip(*rows, strict=True)
            number = {trait: place for place, trait in enumerate(dict.fromkeys(traits))}
            at, visitors, added = (np.array(column, np.int64) for column in columns)
            sets_of_rows = self._sets(list(number))[[number[trait] for trait in traits]]
            self._add(metric, sets_of_rows, at, visitors.astype(np.uint32), added)

    def _sets(self, texts: Sequence[str]) -> Ints:
        """The number of the set of each text."""
        return self._take(self._sets_of(texts))

    def _sets_of(self, texts: Sequence[str]) -> Sets:
        split = pc.split_pattern(pa.array(texts, pa.string()), "\n")
        traits = split.values.dictionary_encode()
        numbers = [self.numbers.setdefault(trait, len(self.numbers)) for trait in traits.dictionary.to_pylist()]
        places = np.array(numbers, np.int64)[traits.indices.to_numpy()]
        return Sets(np.diff(split.offsets.to_numpy()).astype(np.int64), places)

    def _told_apart(self, sets: Sets) -> Ints:
        """The numbers of these sets with nothing left but what measurements are told apart by."""
        kept = [tells_apart(trait) for trait in self.numbers]
        return self._take(sets.only(np.array(kept, np.bool_)[sets.places]))

    def _take(self, sets: Sets) -> Ints:
        self.sets.append(sets)
        self.count += len(sets.lengths)
        return np.arange(self.count - len(sets.lengths), self.count)

    def _add(self, metric: str, sets: Ints, at: Ints, places: Ints, amounts: Ints) -> None:
        kept = amounts != 0
        if kept.any():
            rows = Rows(sets[kept], at[kept] // MINUTE_MS, places[kept], amounts[kept].astype(np.int64))
            self.rows.setdefault(metric, []).append(rows)

    def _of_events(self, events: _Events, own: Ints, whole: Ints) -> None:
        inside = (events.at >= self.start) & (events.at < self.end)
        at, visitors = events.at[inside], events.visitor[inside].astype(np.uint32)
        own_sets, whole_sets = own[events.traits[inside]], whole[events.session_traits[inside]]
        self._add(EVENTS, own_sets, at, visitors, np.ones(len(at), np.int64))
        self._of_minutes(events, inside, whole)
        found = _read(events.attribute_texts)
        pairs, place = np.unique(events.name[inside] * len(found) + events.attributes[inside], return_inverse=True)
        sums = [list(measures.sums(events.names[pair // len(found)], found[pair % len(found)])) for pair in pairs]
        for metric, by_pair in _by_name([[some[:2] for some in each] for each in sums]).items():
            self._add(metric, own_sets, at, visitors, by_pair[place])
        for metric, by_pair in _by_name([[some[:2] for some in each if some.of_session] for each in sums]).items():
            self._add(metric, whole_sets, at, visitors, by_pair[place])
        if sampled := _by_name(list(map(measures.samples, found)), missing=-1):
            self._of_samples(events, inside, sampled)

    def _of_minutes(self, events: _Events, inside: Ints, whole: Ints) -> None:
        """Events and page views under the session's traits: one row for each session and minute."""
        at, session = events.at[inside], events.session[inside]
        if not len(at):
            return
        minutes = at // MINUTE_MS
        begins = np.ones(len(at), np.bool_)
        begins[1:] = (session[1:] != session[:-1]) | (minutes[1:] != minutes[:-1])
        first = np.flatnonzero(begins)
        sets, visitors = whole[events.session_traits[inside][first]], events.visitor[inside][first].astype(np.uint32)
        self._add(EVENTS, sets, at[first], visitors, np.diff(np.append(first, len(at))))
        views = _pages(events.texts)[events.traits[inside]] >= 0
        self._add(PAGEVIEWS, sets, at[first], visitors, np.add.reduceat(views.astype(np.int64), first))

    def _of_samples(self, events: _Events, inside: Ints, sampled: dict[str, Ints]) -> None:
        """Under the session's traits that tell measurements apart, and under the page."""
        of_sessions = self._told_apart(self._sets_of(events.session_texts))
        pages = [measures.measured_on(text) for text in events.texts]
        of_pages, named = self._sets(pages), np.array([bool(page) for page in pages], np.bool_)
        for what, by_text in sampled.items():
            rows = np.flatnonzero(inside & (by_text[events.attributes] >= 0))
            at, values = events.at[rows], by_text[events.attributes[rows]].astype(np.uint64)
            minute = (at // MINUTE_MS % MINUTES).astype(np.uint64)
            places = events.visitor[rows].astype(np.uint64) << np.uint64(32) | values << np.uint64(11) | minute
            ones = np.ones(len(rows), np.int64)
            self._add(SAMPLES + what, of_sessions[events.session_traits[rows]], at, places, ones)
            on_page = named[events.traits[rows]].astype(np.int64)
            self._add(SAMPLES + what, of_pages[events.traits[rows]], at, places, on_page)

    def _of_sessions(self, events: _Events, whole: Ints) -> None:
        first = events.first
        last = np.append(first[1:], len(events.at)) - 1
        started = events.at[first]
        began = (started >= self.start) & (started < self.end)
        page_of_text, pages = _pages(events.texts), _page_names(events.texts)
        page = page_of_text[events.traits]
        views = np.add.reduceat((page >= 0).astype(np.int64), first)
        passive = np.array([name in PASSIVE for name in events.names], np.int64)[events.name]
        acts = last - first + 1 - np.add.reduceat(passive, first)
        bounces = ((acts == 1) & (views == 1)).astype(np.int64)
        seconds = (events.at[last] - started) // 1000
        viewed = began & (views > 0)
        numbers = np.arange(len(events.at))
        entry = page[np.minimum.reduceat(np.where(page >= 0, numbers, len(numbers)), first)[viewed]]
        left = page[np.maximum.reduceat(np.where(page >= 0, numbers, -1), first)[viewed]]
        visitors = events.visitor[first].astype(np.uint32)
        base = whole[events.session_traits[first]]
        self._amounts(base[began], started[began], visitors[began], (bounces[began], seconds[began]))
        entries = self._sets([traits.entry(name) for name in pages])[entry]
        self._add(EVENTS, entries, started[viewed], visitors[viewed], np.ones(len(entries), np.int64))
        self._amounts(entries, started[viewed], visitors[viewed], (bounces[viewed], seconds[viewed]))
        exits = self._sets([traits.exit_page(name) for name in pages])[left]
        for metric in (EVENTS, SESSIONS):
            self._add(metric, exits, started[viewed], visitors[viewed], np.ones(len(exits), np.int64))

    def _amounts(self, sets: Ints, at: Ints, visitors: Ints, measured: tuple[Ints, Ints]) -> None:
        for metric, amounts in (
            (SESSIONS, np.ones(len(at), np.int64)),
            *zip((BOUNCES, SECONDS), measured, strict=True),
        ):
            self._add(metric, sets, at, visitors, amounts)


def _page_names(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(page for text in texts if (page := traits.page_viewed(text)) is not None))


def _pages(texts: Sequence[str]) -> Ints:
    """For each text the number of the page it is a view of, as in `_page_names`; -1 for none."""
    number: dict[str | None, int] = {name: place for place, name in enumerate(_page_names(texts))}
    return np.array([number.get(traits.page_viewed(text), -1) for text in texts], np.int64)


def _read(texts: Sequence[str]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(text) if text else {} for text in texts]


def _by_name(said: Sequence[Iterable[tuple[str, int]]], missing: int = 0) -> dict[str, Ints]:
    """name -> what each says, `missing` where it says nothing."""
    by_name: dict[str, Ints] = {}
    for place, some in enumerate(said):
        for name, amount in some:
            if name not in by_name:
                by_name[name] = np.full(len(said), missing, np.int64)
            by_name[name][place] = amount
    return by_name
