"""Numbers of plain visitors are kept once, under everyone. Whatever comes, all are right, and none twice."""

from collections import defaultdict
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from cluster.connections import data
from tests.pipeline import NOW, ms, raw
from tests.tracking.test_layouts import KEYS, LATER, Numbers, check, crash_while_sealing, event, shelf, write
from tracking.bitmaps.folding import merged
from tracking.bitmaps.layouts import Shelf, packed_totals
from tracking.bitmaps.layouts.packed import PackedLayout
from tracking.bitmaps.layouts.packed_fields import Reading
from tracking.bitmaps.layouts.packed_plain import MIXED
from tracking.bitmaps.notes import EVENTS, Notes
from tracking.bitmaps.samples import is_samples, tells_apart
from tracking.bitmaps.slots import DAY, labels, level
from tracking.bitmaps.tally import Tally
from tracking.bitmaps.traits import is_of_session
from tracking.sessions import PAGEVIEWS, Session, SessionChange

LAYOUT = PackedLayout()
KINDS = [
    "everyone\nsrc:a::cpg:b\nchan:Email\nutm:source:a\ncfg:browser:Firefox\ngeo:DE\nwho:new",
    "everyone\nsrc:a::cpg:b\nchan:Email\nutm:source:a\ncfg:browser:Firefox\ngeo:DE\nwho:returning",
    "everyone\nsrc:c::cpg:(none)\nchan:Search\ncfg:browser:Firefox\ngeo:FR\nwho:returning",
    "everyone",
]


class Did(NamedTuple):
    """Something in a session of one kind; `load` is how long the page took, 0 if nobody measured it."""

    visitor: int
    kind: int
    minutes_ago: int
    page: str | None
    load: int


minutes_ago = st.sampled_from([0, 0, 1, 2, 70, 1_500, 50_000])  # few slots, so that much meets in them
visitors = st.sampled_from([1, 2, 3, 65_536, 70_000])
deeds = st.builds(Did, visitors, st.integers(0, 3), minutes_ago, st.sampled_from([None, "/x", "/y"]), st.integers(0, 3))
batches = st.lists(deeds, min_size=1, max_size=6)
steps = st.lists(st.one_of(batches, batches, st.sampled_from(["seal", "crash", "close"])), min_size=2, max_size=7)


class World:
    """What was noted of sessions, in plain dictionaries."""

    def __init__(self, tz: ZoneInfo) -> None:
        self.tz = tz
        self.sessions: dict[tuple[int, int, str], Session] = {}
        self.numbers: Numbers = defaultdict(lambda: defaultdict(int))
        self.kinds: dict[tuple[str, int], set[int]] = defaultdict(set)  # label, visitor -> what kinds of sessions
        self.log = b""

    def notes(self, some: list[Did]) -> Notes:
        """Those of a batch, as the steps of the drain make them."""
        batch = Notes(self.tz)
        for did in some:
            self._note(batch, did)
        for metric, rows in batch.amounts.items():
            traits = list(batch.sets)
            for (number, minute, place), amount in rows.items():
                self._count(metric, traits[number], minute, place, amount)
        self.log += batch.frame()
        return batch

    def _note(self, batch: Notes, did: Did) -> None:
        at = ms(NOW - timedelta(minutes=did.minutes_ago))
        minute, whole = at // 60_000, KINDS[did.kind]
        own = f"evt:pageview\npage:{did.page}" if did.page else "evt:click"
        for traits in (own, whole):
            batch.add(traits, did.visitor, minute)
            batch.add(traits, did.visitor, minute, "visible", did.load * 10)
        if did.page:
            batch.add(whole, did.visitor, minute, PAGEVIEWS)
        if did.load:
            apart = "\n".join(trait for trait in whole.split("\n") if tells_apart(trait))
            batch.sample(apart, did.visitor, minute, "load", did.load)
        day = labels(minute, self.tz)[DAY]
        session = self.sessions.get((did.visitor, did.kind, day))
        new = Session(bytes(16), day, at, at, whole, ("", ""))
        before = None if session is None else Session(*(getattr(session, name) for name in session.__struct_fields__))
        session = self.sessions.setdefault((did.visitor, did.kind, day), new)
        session.add(at, did.page)
        SessionChange(before, session, bytes(16), did.visitor).note(batch)
        for label in labels(minute, self.tz):
            self.kinds[label, did.visitor].add(did.kind)

    def _count(self, metric: str, traits: str, minute: int, place: int, amount: int) -> None:
        for at, label in enumerate(labels(minute, self.tz)):
            for trait in traits.split("\n") if at == DAY or not is_samples(metric) else ():
                self.numbers[metric, trait, label][place] += amount

    def expected(self) -> Numbers:
        left = {at: {who: n for who, n in some.items() if n} for at, some in self.numbers.items()}
        return {at: some for at, some in left.items() if some}

    def mixed(self, label: str) -> set[int]:
        return {who for (of, who), kinds in self.kinds.items() if of == label and len(kinds) > 1}


def columns_are_of_mixed_visitors(on: Shelf, world: World) -> None:
    """What is kept in every slot that is sealed: who is mixed there, and no others under a session's traits."""
    reading = Reading(raw(), KEYS)
    for label in LAYOUT.slots(on):
        packed = raw().hget(KEYS.sealed(label), MIXED)
        mixed = set(BitMap.deserialize(packed)) if packed else set()
        assert mixed == world.mixed(label)
        [totals] = packed_totals.in_slots(reading, [label])
        for metric in {metric for some in totals.values() for metric in some} - {EVENTS}:
            traits = [trait for trait in totals if is_of_session(trait)]
            [kept] = reading.packed([(metric, [(label, trait) for trait in traits])])
            owners = {place >> 32 if is_samples(metric) else place for t in kept.tallies() for place in t.ids.tolist()}
            assert owners <= mixed
        for trait, counts in raw().hgetall(KEYS.counts(label)).items():
            if is_of_session(trait.decode()):
                assert mixed
                assert len(counts) <= 1 + 8 * len(mixed)


def kept(on: Shelf) -> dict[str, object]:
    """All that is sealed, as it is kept; totals without what has come to nothing."""
    found: dict[str, object] = {}
    for start in ("sealed::", "counts::", "sums:"):
        found |= {key: raw().hgetall(key) for key in KEYS.scan(raw(), start)}
    for label in LAYOUT.slots(on):
        [totals] = packed_totals.in_slots(Reading(raw(), KEYS), [label])
        left = {trait: {metric: total for metric, total in some.items() if total} for trait, some in totals.items()}
        found[label] = {trait: some for trait, some in left.items() if some}
    return found


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(some_steps=steps, zone=st.sampled_from(["UTC", "Asia/Kathmandu"]))
def test_sessions_are_counted_right_and_plain_visitors_once(
    empty_servers: None, some_steps: list[list[Did] | str], zone: str
) -> None:
    data().flushall()
    on, world = shelf(zone), World(ZoneInfo(zone))
    for step in some_steps:
        if step == "seal":
            LAYOUT.seal(on)
        elif step == "crash":
            crash_while_sealing()
        elif step == "close":
            LAYOUT.close(on, LATER)
        else:
            assert not isinstance(step, str)
            write_notes(on, world.notes(step))
    check(LAYOUT, on, world.expected(), set(world.numbers))
    LAYOUT.seal(on)
    LAYOUT.close(on, LATER)
    check(LAYOUT, on, world.expected(), set(world.numbers))
    columns_are_of_mixed_visitors(on, world)
    in_pieces = kept(on)
    stored_again(on)
    assert kept(on) == in_pieces
    data().flushall()
    raw().set(KEYS.notes, world.log)
    LAYOUT.seal(on)
    LAYOUT.close(on, LATER)
    assert kept(on) == in_pieces
    rebuilt(on, world)
    assert kept(on) == in_pieces


def write_notes(on: Shelf, notes: Notes) -> None:
    with data().pipeline(transaction=True) as pipe:
        pipe.incr(f"{KEYS.prefix}test")  # a transaction always has something
        LAYOUT.add(on, pipe, notes)
        pipe.execute()


def stored_again(on: Shelf) -> None:
    """What erasure and conversion do: every slot read whole and stored."""
    for label in sorted(LAYOUT.slots(on), key=level):
        LAYOUT.store(on, label, LAYOUT.read(on, label))


def rebuilt(on: Shelf, world: World) -> None:
    fine = sorted(label for label in LAYOUT.slots(on) if level(label) <= DAY)
    data().flushall()
    for notes in merged(world.log):
        LAYOUT.replace(on, fine, notes)
    LAYOUT.close(on, LATER)


def test_who_comes_from_elsewhere_takes_their_numbers_along(empty_servers: None) -> None:
    on, world = shelf(), World(ZoneInfo("UTC"))
    write_notes(on, world.notes([Did(1, 0, 0, "/x", 5), Did(2, 0, 0, "/x", 7)]))
    LAYOUT.seal(on)
    assert not raw().hexists(KEYS.sums("seconds", "2026-11-24"), "geo:DE")
    write_notes(on, world.notes([Did(1, 2, 0, "/y", 9)]))
    LAYOUT.seal(on)
    whole = LAYOUT.read(on, "2026-11-24")
    assert whole[PAGEVIEWS]["geo:DE"].to_dict() == {1: 1, 2: 1}
    assert whole[PAGEVIEWS]["geo:FR"].to_dict() == {1: 1}
    [kept_alone] = Reading(raw(), KEYS).packed([(PAGEVIEWS, [("2026-11-24", "geo:DE")])])
    assert kept_alone.tallies()[0].to_dict() == {1: 1}
    columns_are_of_mixed_visitors(on, world)


@pytest.mark.parametrize("trait", ["geo:DE", "src:a::cpg:b", "who:new"])
def test_what_fits_no_rule_is_counted_all_the_same(empty_servers: None, trait: str) -> None:
    """A session's trait noted without everyone, or taken back; numbers without an event."""
    on, both = shelf(), ("everyone", trait)
    write(LAYOUT, [event(trait, 1), event("everyone", 2)._replace(traits=both)], on)
    LAYOUT.seal(on)
    write(LAYOUT, [event(trait, 1, amount=-1), event("everyone", 2, amount=-1)._replace(traits=both)], on)
    write(LAYOUT, [event("everyone", 3)._replace(traits=both, metric="seconds")], on)
    LAYOUT.seal(on)
    whole = LAYOUT.read(on, "2026-11-24")
    assert {at: tally.to_dict() for at, tally in whole["seconds"].items()} == {"everyone": {3: 1}, trait: {3: 1}}
    assert EVENTS not in whole
    assert set(BitMap.deserialize(raw().hget(KEYS.sealed("2026-11-24"), MIXED))) == {1, 2, 3}


def test_a_visitor_is_erased_and_the_others_stay_plain(empty_servers: None) -> None:
    on, world = shelf(), World(ZoneInfo("UTC"))
    write_notes(on, world.notes([Did(1, 0, 0, "/x", 5), Did(2, 0, 0, "/x", 7), Did(2, 2, 0, "/x", 7)]))
    LAYOUT.seal(on)
    whole = LAYOUT.read(on, "2026-11-24")
    left = {
        metric: {trait: _without(metric, tally, 2) for trait, tally in by_trait.items()}
        for metric, by_trait in whole.items()
    }
    LAYOUT.store(on, "2026-11-24", left)
    assert not raw().hexists(KEYS.sealed("2026-11-24"), MIXED)
    assert LAYOUT.read(on, "2026-11-24")["visible"]["geo:DE"].to_dict() == {1: 50}


def _without(metric: str, tally: Tally, visitor: int) -> Tally:
    return Tally.of(
        {n: v for n, v in tally.to_dict().items() if (n >> 32 if is_samples(metric) else n) != visitor},
        is_samples(metric),
    )
