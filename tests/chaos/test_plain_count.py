"""Whatever comes, and in whatever order the workers do their work: all numbers are those of a plain count."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cluster.connections import data
from properties.models import Property
from tests.chaos.plain import count, sessions_of
from tests.chaos.scenes import SHOP, archive_emptied, happened, sealed, send
from tests.pipeline import NOW, drain, everything, ms
from tests.tracking.archive.material import keys, read_all
from tests.tracking.late import tidied
from tracking.archive.compact import compact
from tracking.archive.store import store
from tracking.archive.writer import archive
from tracking.conversion import FAR_FUTURE
from tracking.details import INFOS, of_infos
from tracking.progress import progress
from tracking.rebuild import days_of_archive, rebuild
from tracking.shelves import layout_of, shelf_of

orders = st.builds(
    lambda cents, currency: {"value": cents / 100 if currency == "EUR" else cents, "currency": currency},
    st.integers(1, 9999),
    st.sampled_from(["EUR", "JPY"]),
)
measured = st.builds(
    lambda load, visible, cls: {"load_ms": load, "visible_ms": visible, "cls": cls / 1000},
    st.integers(0, 5000),
    st.integers(1, 9000),
    st.integers(0, 400),
)
# Together, within a session, across midnight (NOW is 12:30 UTC), and back to where a visitor's sessions are forgotten.
minutes_ago = st.builds(
    lambda base, more: base + more,
    st.sampled_from([0, 20, 45, 740, 2170, 9_000, 10_080, 12_230, 28_800, 43_150]),
    st.integers(0, 40),
)
events = st.builds(
    lambda name, minutes, path, query, attributes, user: {
        "name": name,
        "at": ms(NOW - timedelta(minutes=minutes)) - 1000 * (minutes % 7),
        "url": f"{SHOP}{path}{query}",
        "attributes": attributes,
        "user": user,
    },
    st.sampled_from(["pageview", "pageview", "click", "order"]),
    minutes_ago,
    st.sampled_from(["/", "/x", "/y"]),
    st.sampled_from(["", "", "?utm_source=news&utm_campaign=spring", "?utm_source=ads"]),
    st.one_of(st.just({}), orders, measured),
    st.sampled_from(["", "", "", "anna", "ben"]),
)
packets = st.tuples(st.sampled_from("abcd"), st.lists(events, min_size=1, max_size=4), st.booleans())
work = st.sampled_from(
    ["drain", "drain", "drain", "seal", "crash", "close", "archive", "tidy", "rest", "rest all", "a day anew", "again"]
)
lives = st.lists(st.one_of(packets, packets, work), max_size=25)

zones = st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"])


class Life:
    """A property through a life: what it was sent, and how often something came a second time."""

    def __init__(self, prop: Property) -> None:
        self.prop = prop
        self.sent: list[tuple[str, list[dict[str, Any]], str]] = []
        self.numbers: Counter[str] = Counter()
        self.different = self.again = 0

    def live(self, step: Any) -> None:
        prop, shelf = self.prop, shelf_of(self.prop)
        match step:
            case "drain":
                drain(prop)
            case "seal":
                sealed(prop)
            case "crash":  # what a worker leaves that died after it had taken the log
                if data().exists(keys(prop).notes):
                    data().renamenx(keys(prop).notes, keys(prop).sealing)
            case "close":
                layout_of(prop).close(shelf, FAR_FUTURE)
            case "archive":
                archive(shelf.client, prop, store())
            case "tidy":
                compact(shelf.client, prop, store())
            case "rest":
                tidied(prop, NOW)
            case "rest all":
                tidied(prop, NOW + timedelta(days=3))
            case "a day anew":
                rebuild(prop, NOW.date() - timedelta(days=1), NOW.date())
            case "again":
                for visitor, some, queue in self.sent[-2:]:
                    self._send(visitor, some, queue)
                    self.again += len(some) if queue else 0
                    self.different += 0 if queue else len(some)
            case (visitor, some, numbered):
                self._new(visitor, some, numbered)

    def _new(self, visitor: str, some: list[dict[str, Any]], numbered: bool) -> None:
        sent = [event | {"n": self.numbers[visitor] + place if numbered else None} for place, event in enumerate(some)]
        self.numbers[visitor] += len(some) if numbered else 0
        self.sent.append((visitor, sent, "q" if numbered else ""))
        self._send(*self.sent[-1])
        self.different += len(some)

    def _send(self, visitor: str, some: list[dict[str, Any]], queue: str) -> None:
        send(self.prop, visitor, some, queue)

    def check(self) -> None:
        """Compare everything there is with a plain count of the rows, and the rows with what was sent."""
        rows = read_all(store(), self.prop)
        assert len(rows) == self.different == progress(self.prop).events
        assert len({(row.entry, row.ordinal) for row in rows}) == len(rows)
        assert everything(self.prop) == count(rows, self.prop.tz)
        assert sorted(kept_sessions(self.prop)) == sorted(
            (session.visitor, session.id, session.started, session.last, session.events, len(session.views))
            for session in sessions_of(rows)
        )


def kept_sessions(prop: Property) -> list[tuple[int, bytes, int, int, int, int]]:
    """What the sessions' own records say."""
    client, found = shelf_of(prop).client, []
    for key in shelf_of(prop).keys.scan(client, "????-??-??::session_"):
        day, _, session_id = key.removeprefix(shelf_of(prop).keys.prefix).partition("::session_")
        kept = of_infos(UUID(session_id).bytes, day, client.hmget(key, INFOS))
        assert kept is not None
        index, one = kept
        found.append((index, one.id, one.started, one.last, one.events, one.pageviews))
    return found


def repeats_counted(prop: Property) -> int:
    client = shelf_of(prop).client
    return sum(int(client.hget(key, "repeat") or 0) for key in shelf_of(prop).keys.scan(client, "drops::"))


def settings_of(examples: int) -> settings:
    """No example is made smaller: each lives a life on real servers."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, phases=[Phase.explicit, Phase.generate], suppress_health_check=checks)


def is_a_plain_count(prop: Property, life: list[Any], zone: str) -> None:
    data().flushall()
    archive_emptied()
    prop.time_zone = zone
    prop.save()
    living = Life(prop)
    for step in life:
        living.live(step)
    drain(prop)
    living.check()
    assert repeats_counted(prop) == living.again
    if days := days_of_archive(prop):
        rebuild(prop, *days)
        living.check()


@settings_of(10)
@given(lives, zones)
def test_all_numbers_are_those_of_a_plain_count(prop: Property, life: list[Any], zone: str) -> None:
    is_a_plain_count(prop, life, zone)


@pytest.mark.slow
@settings_of(30)
@given(lives, zones)
def test_all_numbers_of_many_lives_are_those_of_a_plain_count(prop: Property, life: list[Any], zone: str) -> None:
    is_a_plain_count(prop, life, zone)


def test_a_session_that_is_forgotten_gives_its_id_to_no_other(prop: Property) -> None:
    """The cookie proposes the same id each time."""
    for minutes in (12_000, 2170, 10, 90, 11_800, 11_798):  # the last come late by more than a week
        send(prop, "a", [happened("pageview", minutes)])
        drain(prop)
    before = everything(prop)
    found = sessions_of(read_all(store(), prop))
    assert sorted(session.events for session in found) == [1, 1, 1, 1, 2]
    days = days_of_archive(prop) or (NOW.date() - timedelta(days=9), NOW.date())
    rebuild(prop, *days)
    assert everything(prop) == before


@pytest.fixture(autouse=True)
def quick_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is about power cuts."""
    monkeypatch.setattr("tracking.archive.store.os.fsync", lambda _: None)
