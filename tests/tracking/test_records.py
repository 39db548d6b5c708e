"""What is kept of visitors and sessions is all that they were."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tracking import details, records, shorthand
from tracking.bitmaps import traits
from tracking.repeats import Queue
from tracking.sessions import Session, SessionChange
from tracking.visitors import Earlier, Visitor

SECOND = 1000
NOON = 1_795_521_600_000
names = st.text(max_size=12).filter(lambda name: "\n" not in name)
described = st.one_of(
    st.sampled_from([traits.EVERYONE, traits.NEW, traits.RETURNING, "cfg:type:mobile", "cfg:type:mobiles"]),
    st.builds(traits.named, st.sampled_from(["chan", "ref", "utm:source", "utm:other", "cfg:type", "geo", "x"]), names),
    st.builds(traits.source, names, names),
    st.builds(traits.city, names, names),
)
ids = st.binary(min_size=16, max_size=16)
days = st.dates().map(str)


@st.composite
def sessions(draw: Any) -> Session:
    started, lasted = draw(st.integers(0, NOON)), draw(st.integers(0, 10**9))
    some = Session(
        draw(ids),
        draw(days),
        started,
        started + lasted,
        "\n".join(draw(st.lists(described, min_size=1, max_size=9))),
        (draw(names), draw(st.one_of(st.just(traits.NO_CAMPAIGN), names))),
        draw(names),
    )
    for at, page in draw(st.lists(st.tuples(st.integers(0, lasted), st.one_of(st.none(), names)), max_size=4)):
        if page is None:
            some.add_passive(started + at)
        else:
            some.add(started + at, f"/{page}")
    return some


seen = st.builds(
    Visitor,
    index=st.integers(0, 2**32 - 1),
    first_seen=st.integers(0, NOON // SECOND).map(lambda seconds: seconds * SECOND),
    last=st.one_of(st.none(), sessions()),
    sessions=st.integers(0, 10**6),
    person=names,
    queues=st.lists(st.builds(Queue, st.binary(min_size=6, max_size=6), st.integers(0, 10**6)), max_size=4),
    earlier=st.lists(st.builds(Earlier, ids, days, st.just(NOON), st.integers(NOON, NOON + 10**8)), max_size=5),
    forgotten=st.integers(0, NOON // SECOND).map(lambda seconds: seconds * SECOND),
)


@given(seen)
def test_a_record_is_the_visitor(visitor: Visitor) -> None:
    assert records.decode(records.encode(visitor)) == visitor


@given(st.integers(1, NOON), st.integers(1, NOON))
def test_seconds_are_rounded_to_where_the_archive_is_asked_rather_too_often(first: int, forgotten: int) -> None:
    kept = records.decode(records.encode(Visitor(0, first, forgotten=forgotten)))
    assert 0 <= first - kept.first_seen < SECOND
    assert 0 <= kept.forgotten - forgotten < SECOND


@given(st.lists(described, min_size=1, max_size=9), names, names)
def test_shorthand_is_read_back(some: list[str], source: str, campaign: str) -> None:
    text, came = "\n".join([*some, traits.source(source, campaign)]), (source, campaign or traits.NO_CAMPAIGN)
    assert shorthand.whole(shorthand.short(text, came), came) == text


def test_what_all_have_in_common_is_one_letter() -> None:
    text = "everyone\nsrc:google::cpg:(none)\nchan:Organic Search\ncfg:type:mobile\ngeo:GB\nwho:new\nyet:another"
    assert shorthand.short(text, ("google", "(none)")) == "E\nS\ncOrganic Search\nM\nnGB\nN\n:yet:another"


@given(sessions(), sessions())
def test_the_details_of_a_session_are_the_session(before: Session, session: Session) -> None:
    """Also where they were others before: what is not told any more is taken away."""
    before.id, before.day = session.id, session.day
    kept = dict(details.infos(before, 7))
    now = details.infos(session, 7)
    kept |= now
    for name in details.dropped(SessionChange(before, session, bytes(16), 7), now):
        del kept[name]
    values = [str(kept[name]).encode() if name in kept else None for name in details.INFOS]
    assert details.of_infos(session.id, session.day, values) == (7, session)
    assert details.of_infos(session.id, session.day, [None, *values[1:]]) is None
