"""What the collector answers: statuses, and the headers that every answer has. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from tracking.admission import Admitted
from tracking.sources.interface import Outcome, Reply
from tracking.wire import Refused

Headers = list[tuple[bytes, bytes]]

RETRY_SECONDS = 5
NO_STORE = (b"cache-control", b"no-store")
ANY_ORIGIN: Headers = [(b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin")]
CORS: Headers = [
    *ANY_ORIGIN,
    (b"access-control-expose-headers", b"x-aktivat-reason, x-aktivat-dropped, x-plausible-dropped, retry-after"),
]
PREFLIGHT: Headers = [
    *CORS,
    (b"access-control-allow-methods", b"POST, GET"),
    (b"access-control-allow-headers", b"content-type, authorization"),
    (b"access-control-max-age", b"86400"),
]


class Answer(NamedTuple):
    status: int
    headers: Headers
    body: bytes = b""


# Nearly every answer, so it says no more than it must.
ALL_TAKEN = Answer(202, [*ANY_ORIGIN, (b"content-length", b"0")])
NOTHING_HERE = b"There is nothing here."


def text(status: int, headers: Headers, body: bytes = b"") -> Answer:
    return _whole(Reply(status, body), headers)


def refusal(refused: Refused) -> Answer:
    return text(refused.status, [*CORS, *_why(refused)], str(refused).encode())


def partly_taken(admitted: Admitted) -> Answer:
    return text(202, [*CORS, _dropped(admitted.reasons().items())])


def of_source(reply: Reply, outcome: Outcome) -> Answer:
    """The answer of a source, with the reasons for what was not taken."""
    headers = [*CORS, *reply.headers]
    if outcome.refused is not None:
        headers += _why(outcome.refused)
    elif outcome.dropped:
        headers.append(_dropped(outcome.dropped.items()))
    return _whole(reply, headers)


def _whole(reply: Reply, headers: Headers) -> Answer:
    if reply.status == 204:
        return Answer(204, [NO_STORE, *headers])
    about = [(b"content-type", reply.content_type.encode()), NO_STORE]
    return Answer(reply.status, [*about, *headers, (b"content-length", str(len(reply.body)).encode())], reply.body)


def _why(refused: Refused) -> Headers:
    reason = (b"x-aktivat-reason", refused.reason.encode())
    if refused.status not in (429, 503):
        return [reason]
    return [reason, (b"retry-after", str(getattr(refused, "seconds", RETRY_SECONDS)).encode())]


def _dropped(reasons: Iterable[tuple[str, int]]) -> tuple[bytes, bytes]:
    return (b"x-aktivat-dropped", ", ".join(f"{reason}={number}" for reason, number in reasons).encode())
