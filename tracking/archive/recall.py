"""Sessions that are known nowhere else any more, made of their rows: for events that come late by days.

    (visitor, time) ──► days within REACH ──► rows of the visitors, archive and tail ──► runs of (visitor, session)
                             ▲                                                                 │
                             └──────────── days it may reach into, not read yet ◄──── a session near the time

Two events of one session are never further apart than the longest pause a property can allow itself, REACH, whatever
it allows now. So the days within REACH of a session hold all of it, and those within REACH of a time all sessions
that the time is in or near to. Each file is read once for all that a batch asks, and what stays in memory is no more
than what these visitors did on the days that are read.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyroaring import BitMap
from redis import Redis

from properties.models import BOUNDS, Property
from tracking.archive import reader, schema
from tracking.archive.listing import View, folder, look
from tracking.archive.reader import ZONES_APART, Lookup, Wanted
from tracking.archive.store import Store
from tracking.arrival import arrival
from tracking.bitmaps import traits
from tracking.bitmaps.slots import DAY, labels
from tracking.keys import Keys
from tracking.sessions import PASSIVE, Session

REACH_MS = BOUNDS["session_minutes"][1] * 60_000
COLUMNS = (*schema.RECEIPT, "at", "visitor", "session", "name", "url", "referrer", "traits", "session_traits")

Times = Mapping[int, Sequence[int]]  # visitor index -> ms since 1970
Ints = npt.NDArray[np.int64]


def recall(
    store: Store, client: Redis, prop: Property, times: Times, *, gap: int, before_file: Callable[[], None]
) -> list[tuple[int, Session]]:
    """(visitor index, session) of the sessions that one of their visitor's times is in, or within `gap` of.

    `before_file` is called before each file. Raises Changed, StoreError, and what `before_file` raises.
    """
    view = look(client, Keys(prop.account_id, prop.id), store, prop)
    rows = _Rows(store, prop, view, BitMap(times), before_file)
    wanted = {day for some in times.values() for at in some for day in _days_around(at, at, prop.tz)}
    found: list[tuple[int, Session]] = []
    while missing := wanted - rows.days:
        rows.read(missing)
        runs = _Runs.of(rows.table())
        found = [(visitor, runs.session(run, prop.tz)) for visitor, run in runs.near(times, gap)]
        wanted = {day for _, session in found for day in _days_around(session.started, session.last, prop.tz)}
    return found


def _days_around(first: int, last: int, tz: ZoneInfo) -> Iterator[date]:
    """The local days within REACH of the times from `first` to `last`."""
    day, end = _day(first - REACH_MS, tz), _day(last + REACH_MS, tz)
    while day <= end:
        yield day
        day += timedelta(days=1)


def _day(at: int, tz: ZoneInfo) -> date:
    return datetime.fromtimestamp(at // 1000, UTC).astimezone(tz).date()


class _Rows:
    """The rows of some visitors: all that is not archived yet, and those of the days read so far."""

    def __init__(
        self, store: Store, prop: Property, view: View, visitors: BitMap, before_file: Callable[[], None]
    ) -> None:
        self.days: set[date] = set()
        self._store, self._prop, self._view, self._before_file = store, prop, view, before_file
        self._visitors = Wanted(visitors=Lookup(visitors))
        self._files: set[str] = set()  # those that were read
        self._tables = [_small(reader.tail(view, visitors).select(COLUMNS))]

    def read(self, days: set[date]) -> None:
        for day in sorted(days):
            span = Wanted.of(self._prop, day, day, None, None)
            for of, file in reader.files(self._store, self._prop, self._view, day - ZONES_APART, day + ZONES_APART):
                path = f"{folder(self._prop, of)}/{file.name}"
                if path not in self._files and file.first < span.end and file.last >= span.start:
                    self._files.add(path)
                    self._before_file()
                    self._tables.extend(map(_small, reader.read(self._store, path, file, COLUMNS, self._visitors)))
        self.days |= days

    def table(self) -> pa.Table:
        self._tables = [schema.joined(self._tables)]
        return self._tables[0]


def _small(table: pa.Table) -> pa.Table:
    """The rows of sessions, with dictionaries of its own: those of a few rows of a file are all of the file's."""
    table = schema.of_sessions(table)
    for place, name in enumerate(table.column_names):
        if name in schema.DICTIONARIES:
            own = table.column(name).cast(pa.string()).dictionary_encode()
            table = table.set_column(place, schema.SCHEMA.field(name), own)
    return table


@dataclass
class _Runs:
    """Rows in order of visitor, session, time and receipt. A run: the rows of a session, from one place to another."""

    table: pa.Table
    at: Ints
    received: Ints  # the place of each row in the order of receipt
    begin: Ints
    end: Ints
    visitor: list[int]  # of each run
    pages: list[str | None]  # of each row: the page it is a view of
    passive: list[bool]  # of each row

    @staticmethod
    def of(table: pa.Table) -> "_Runs":
        at, visitor = schema.numbers(table, "at"), schema.numbers(table, "visitor")
        session = schema.encoded(table, "session")[0]
        received = np.empty(len(at), np.int64)
        received[np.lexsort([schema.numbers(table, name) for name in reversed(schema.RECEIPT)])] = np.arange(len(at))
        order = np.lexsort((received, at, session, visitor))
        at, visitor, session = at[order], visitor[order], session[order]
        # An id that comes again after longer than that is another session's.
        apart = (np.diff(visitor) != 0) | (np.diff(session) != 0) | (np.diff(at) > REACH_MS)
        begin = np.flatnonzero(np.concatenate([[True], apart])) if len(at) else np.empty(0, np.int64)
        codes, texts = schema.codes(table, "traits")
        page_of = [traits.page_viewed(text) for text in texts]
        pages = [page_of[code] for code in codes[order]]
        name_codes, names = schema.codes(table, "name")
        passive = [names[code] in PASSIVE for code in name_codes[order]]
        end = np.append(begin[1:], len(at))[: len(begin)]
        return _Runs(table.take(order), at, received[order], begin, end, visitor[begin].tolist(), pages, passive)

    def near(self, times: Times, gap: int) -> Iterator[tuple[int, int]]:
        """(visitor, number of the run) of those that are within `gap` of one of their visitor's times."""
        in_order = {visitor: np.sort(np.array(some, np.int64)) for visitor, some in times.items()}
        for run, visitor in enumerate(self.visitor):
            some = in_order[visitor]
            next_one = np.searchsorted(some, self.at[self.begin[run]] - gap)
            if next_one < len(some) and some[next_one] <= self.at[self.end[run] - 1] + gap:
                yield visitor, run

    def session(self, run: int, tz: ZoneInfo) -> Session:
        """The state that the events of a run have led to: what `Session.add` makes of them one by one."""
        begin, end = int(self.begin[run]), int(self.end[run])
        first = begin + int(np.argmin(self.received[begin:end]))  # the event that began it, not the earliest
        began = {name: self.table.column(name)[first].as_py() for name in ("session", "url", "referrer")}
        came = arrival(began["url"], began["referrer"])
        views = [place for place in range(begin, end) if self.pages[place] is not None]
        return Session(
            id=began["session"],
            day=labels(int(self.at[first]) // 60_000, tz)[DAY],
            started=int(self.at[begin]),
            last=int(self.at[end - 1]),
            traits=self.table.column("session_traits")[first].as_py(),
            came=(came.source, came.campaign or traits.NO_CAMPAIGN),
            referrer=began["referrer"],
            entry=(self.pages[views[0]] or "") if views else "",
            entered=int(self.at[views[0]]) if views else 0,
            exit=(self.pages[views[-1]] or "") if views else "",
            exited=int(self.at[views[-1]]) if views else 0,
            events=end - begin,
            pageviews=len(views),
            passive=sum(self.passive[begin:end]),
        )
