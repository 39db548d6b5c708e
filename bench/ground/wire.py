"""What trackers would send of the data set: bodies for POST /track/it, and stream packets of the same. Pure.

A body holds events of one session, in their order, so a session of more events than fit sends several.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.dataset import Dataset
from bench.ground import tables
from bench.ground.columns import Columns
from bench.ground.visits import DAY_MS

EVENTS_A_BODY = 10
_VISITORS = uuid.UUID("5b0f4a52-3c0e-4d0a-9b61-0a5f3f0c6e11")  # makes uuids of the visitors' numbers, and
_SESSIONS = uuid.UUID("e2a7c1de-9f53-4a65-8a0e-4d2b7e9c1f02")  # of the sessions'


@dataclass(frozen=True)
class Sent:
    """One request. `country` is what its address would tell; `visitor` is the number behind the cookie."""

    body: bytes
    user_agent: str
    country: str
    visitor: int


def requests(
    data: Dataset, events: Columns, account_id: int, *, size: int = EVENTS_A_BODY, shift: int = 0
) -> Iterator[Sent]:
    """The requests that send `events`, at most `size` of them in each, by the time of their last event.

    `shift`: milliseconds to add to every time, to bring the data set's days to the present.
    """
    order = np.argsort(events.session, kind="stable")
    ordered = events.rows(order)
    begins = np.flatnonzero(np.concatenate(([True], ordered.session[1:] != ordered.session[:-1])))
    ends = np.concatenate((begins[1:], [len(ordered)]))
    cuts = [
        (at, min(at + size, end), at - begin)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
        for at in range(begin, end, size)
    ]
    for begin, end, number in sorted(cuts, key=lambda cut: (int(ordered.at[cut[1] - 1]), cut[0])):
        yield _request(data, ordered.rows(slice(begin, end)), number, account_id, shift)


def visitor_id(number: int) -> uuid.UUID:
    """The id in the cookie of the visitor with that number."""
    return uuid.uuid5(_VISITORS, str(number))


def _request(data: Dataset, events: Columns, first_number: int, account_id: int, shift: int) -> Sent:
    visitor, session = int(events.visitor[0]), int(events.session[0])
    profile, came, _ = data.parts(int(events.traits[0]))
    of = data.profiles[profile]
    query, referrer, _ = tables.ARRIVALS[came]
    begun = int(data.visits.start[session]) + data.shape.midnight
    rows = zip(*(column.tolist() for column in vars(events).values()), strict=True)
    sent = [_event(dict(zip(vars(events), row, strict=True)), shift) for row in rows]
    if int(events.at[0]) == begun:  # the opening event tells how the session came
        sent[0]["referrer"] = referrer
        sent[0]["url"] += f"?{query}" if query else ""
    for number, event in enumerate(sent, first_number):
        event["n"] = number
    body = {
        "account": account_id,
        "visitor": str(visitor_id(visitor)),
        "session": str(uuid.uuid5(_SESSIONS, str(session))),
        "tab": f"t{session % 1000:03}",
        # A tab's queue; of a session that goes on after midnight each day's events are numbered from 0.
        "queue": f"{session:x}-{int(events.at[0]) // DAY_MS:x}",
        "language": of.language,
        "screen": of.screen,
        "events": sent,
    }
    encoded = json.dumps(body, separators=(",", ":")).encode()
    return Sent(encoded, tables.AGENTS[of.agent].user_agent, of.country, visitor)


def _event(row: dict[str, Any], shift: int) -> dict[str, Any]:
    path = tables.page_path(row["page"])
    event: dict[str, Any] = {
        "name": tables.NAMES[row["name"]][0],
        "at": row["at"] + shift,
        "url": f"https://{tables.HOST}{path}",
        "title": f"Page {row['page']}",
    }
    attributes: dict[str, Any] = {}
    if row["plan"]:
        attributes["plan"] = tables.PLANS[row["plan"]]
    if row["load_ms"] >= 0:
        attributes["load_ms"] = row["load_ms"]
    if row["visible_ms"]:
        attributes["visible_ms"] = row["visible_ms"]
    if row["money"]:
        attributes |= {"value": row["money"] / 100, "currency": "EUR"}
    if attributes:
        event["attributes"] = attributes
    if row["member"]:
        event["user"] = f"user{row['visitor']}"
    return event
