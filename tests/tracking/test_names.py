"""How many names a family may have in a day, also when the names are at hand no more and are taken from the totals."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cluster.connections import data
from properties.models import LayoutName, Property
from tests.chaos.scenes import SHOP, sealed
from tests.pipeline import NOW, did, drain, everything, raw, view
from tests.tracking.archive.material import keys
from tests.tracking.late import NOON, what_expires_is_gone
from tracking.bitmaps.layouts import Layout
from tracking.names import KEPT_SECONDS
from tracking.reading import totals
from tracking.shelves import layout_of

LIMIT = 4
DAY = f"{NOON:%Y-%m-%d}"


@pytest.fixture(autouse=True)
def few_names(prop: Property) -> None:
    prop.names_a_day = LIMIT
    prop.save()


def named(prop: Property, family: str, metric: str = "events") -> set[str]:
    found = totals(prop, [(metric, DAY)])[(metric, DAY)]
    return {name for name in found if name.startswith(f"{family}:")}


@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_full_family_stays_full(prop: Property, is_sealed: bool) -> None:
    for number in range(LIMIT + 2):
        view(prop, f"v{number}", f"{SHOP}/{number}?utm_source=s{number}", NOON)
    drain(prop)
    before = named(prop, "page"), named(prop, "src")
    if is_sealed:
        sealed(prop)
    what_expires_is_gone()
    for number in reversed(range(LIMIT + 5)):  # others first
        view(prop, f"w{number}", f"{SHOP}/{number}?utm_source=s{number}", NOON)
    drain(prop)
    assert (named(prop, "page"), named(prop, "src")) == before
    assert {f"page:/{number}" for number in range(LIMIT)} | {"page:(other)"} == before[0]
    assert len(before[1]) == LIMIT + 1


def test_what_is_there_for_others_is_no_name_of_the_day(prop: Property) -> None:
    """Entry and exit pages, and the sources of sessions that began the day before."""
    midnight = NOON.replace(hour=0)
    for number in range(LIMIT):
        view(prop, f"v{number}", f"{SHOP}/?utm_source=before{number}", midnight - timedelta(minutes=5))
        did(prop, f"v{number}", "click", midnight + timedelta(minutes=5))
    drain(prop)
    assert len(named(prop, "src")) == LIMIT
    what_expires_is_gone()
    view(prop, "new", f"{SHOP}/?utm_source=now", midnight + timedelta(hours=1))
    drain(prop)
    assert "src:now::cpg:(none)" in named(prop, "src")


def test_names_are_at_hand_for_as_long_as_they_are_needed(prop: Property) -> None:
    view(prop, "a", f"{SHOP}/x", NOON)
    drain(prop)
    key = keys(prop).names(DAY)
    assert 0 < raw().ttl(key) <= KEPT_SECONDS
    kept = raw().smembers(key)
    raw().expire(key, 60)
    view(prop, "a", f"{SHOP}/x", NOON)
    drain(prop)
    assert raw().ttl(key) > 60
    data().delete(key)
    view(prop, "b", f"{SHOP}/y", NOON)
    drain(prop)
    assert raw().smembers(key) == kept | {b"page:/y", b"page:/x"}


def test_a_day_on_which_nothing_has_happened_yet_has_no_names(prop: Property, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of time no totals are read, however many days a batch has."""
    asked: list[object] = []
    real = layout_of(prop).load

    def load(_: Layout, *some: Any) -> Any:
        asked.append(some)
        return real(*some)

    monkeypatch.setattr(type(layout_of(prop)), "load", load)
    for days in (9, 8, 7):
        view(prop, "a", f"{SHOP}/x", NOON - timedelta(days=days))
        view(prop, "a", f"{SHOP}/x", NOON - timedelta(days=days, hours=-13))
        drain(prop)
    assert not asked
    view(prop, "a", f"{SHOP}/x", NOON - timedelta(days=20))
    drain(prop)
    assert len(asked) == 1


views = st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 9), st.integers(0, 90))
steps = st.lists(
    st.one_of(views, views, views, st.sampled_from(["drain", "seal", "time goes by"])), min_size=30, max_size=60
)


@pytest.mark.parametrize("layout", list(LayoutName))
@settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(life=steps)
def test_the_cap_is_that_of_names_that_are_always_at_hand(prop: Property, life: list[Any]) -> None:
    def live(forgets: bool) -> object:
        data().flushall()
        for step in life:
            match step:
                case "drain":
                    drain(prop)
                case "seal":
                    sealed(prop)
                case "time goes by":
                    drain(prop)
                    if forgets and (known := raw().keys("*::names::*")):
                        data().delete(*known)
                case (visitor, page, source, minutes):
                    url = f"{SHOP}/{page}" + (f"?utm_source=s{source}" if source > page else "")
                    view(prop, visitor, url, NOW - timedelta(minutes=minutes))
        drain(prop)
        return everything(prop)

    assert live(forgets=True) == live(forgets=False)
