"""A session's details: the hash that is kept of it while late events may join it (AKTIVAT_SESSIONS_KEPT_HOURS). Pure.

    visitor_index 149   started 1795264673297   last 1795264677891   events 3   pageviews 3
    source pinterest.com   entry /shop/0025   exit /blog/1013   traits …          always there
    campaign   referrer   entered   exited   passive                              only where they say more

There are as many hashes as sessions in those days, so nothing is kept that follows from the rest: who came without a
campaign has none, and most entry pages are viewed when the session starts.
"""

from collections.abc import Mapping, Sequence

import msgspec

from tracking import shorthand
from tracking.bitmaps.traits import NO_CAMPAIGN
from tracking.sessions import Session, SessionChange

ALWAYS = ("visitor_index", "source", "started", "last", "entry", "exit", "events", "pageviews", "traits")
SOMETIMES = ("campaign", "referrer", "entered", "exited", "passive")
INFOS = (*ALWAYS, *SOMETIMES)

Infos = dict[str, str | int]


def infos(session: Session, visitor_index: int) -> Infos:
    """The fields of its hash."""
    source, campaign = session.came
    always = {name: getattr(session, name) for name in Session.__struct_fields__ if name in ALWAYS}
    always |= {"visitor_index": visitor_index, "source": source}
    always["traits"] = shorthand.short(session.traits, session.came)
    follows = _following(always)
    sometimes = {name: getattr(session, name) for name in SOMETIMES if name != "campaign"} | {"campaign": campaign}
    return always | {name: value for name, value in sometimes.items() if value != follows[name]}


def dropped(change: SessionChange, now: Infos) -> set[str]:
    """The fields that said more before the batch, and do not any more."""
    return set() if change.before is None else infos(change.before, change.visitor_index).keys() - now.keys()


def of_infos(session_id: bytes, day: str, values: Sequence[bytes | None]) -> tuple[int, Session] | None:
    """(visitor index, session) of the INFOS of a hash; None when there is none, or not all of it."""
    found = {name: value.decode() for name, value in zip(INFOS, values, strict=True) if value is not None}
    if not found.keys() >= set(ALWAYS):
        return None
    full: Infos = {**_following(found), **found}
    came = (found["source"], str(full["campaign"]))
    own: dict[str, object] = {"id": session_id, "day": day, **full, "came": came}
    own["traits"] = shorthand.whole(found["traits"], came)
    session = msgspec.convert([own[name] for name in Session.__struct_fields__], Session, strict=False)
    return int(found["visitor_index"]), session


def _following(always: Mapping[str, str | int]) -> Mapping[str, str | int]:
    """What the fields that are only sometimes there are where they are not."""
    viewed = always["pageviews"] not in (0, "0")
    return {
        "campaign": NO_CAMPAIGN,
        "referrer": "",
        "passive": 0,
        "entered": always["started"] if viewed else 0,
        "exited": always["last"] if viewed else 0,
    }
