"""The collector: a plain ASGI application at /track/, beside Django and not inside it.

    POST /track/it?account=7   one batch (wire.py), as JSON or text/plain   202, or 4xx/503 with a reason
    GET  /track/it?account=7&… one event, as a query                        always a 43-byte GIF

    bodies ──► wire ──► gate: place, limits ──► admission ──► appender ──► 202
    busy       bad_…    too_fast                excluded …    backlog, unavailable

It answers 2xx only when the events are durable. A refusal names its reason in X-Aktivat-Reason and
is counted for the property it was meant for; where a part of a batch is taken, X-Aktivat-Dropped
counts the rest. `account` and `property` in the query tell whose a body is that cannot be read.

The address of the sender goes into the gate and into admission, and is in nothing that comes out.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from django.conf import settings

from tracking import wire
from tracking.admission import Admitted, Sender, admit, known_account
from tracking.appender import Appender, Backlog, Unavailable
from tracking.arrival import host_of
from tracking.bodies import Bodies
from tracking.directory import Directory
from tracking.gate import Gate, TooFast
from tracking.gauges import Gauges
from tracking.keys import NO_PROPERTY
from tracking.spill import Spill
from tracking.waker import Waker
from tracking.wire import Refused

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Received = dict[bytes, bytes]  # a request's headers

RETRY_SECONDS = 5
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
NO_STORE = (b"cache-control", b"no-store")
ANY_ORIGIN: Headers = [(b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin")]
CORS: Headers = [
    *ANY_ORIGIN,
    (b"access-control-expose-headers", b"x-aktivat-reason, x-aktivat-dropped, retry-after"),
]
GIF_HEADERS: Headers = [
    (b"content-type", b"image/gif"),
    (b"content-length", str(len(GIF)).encode()),
    NO_STORE,
    *CORS,
]
PREFLIGHT: Headers = [
    *CORS,
    (b"access-control-allow-methods", b"POST, GET"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"86400"),
]
EPOCH = date(1970, 1, 1).toordinal()
DAY_MS = 24 * 3600 * 1000


class Answer(NamedTuple):
    status: int
    headers: Headers
    body: bytes = b""


# Nearly every answer, so it says no more than it must.
ALL_TAKEN = Answer(202, [*ANY_ORIGIN, (b"content-length", b"0")])


class Collector:
    """The application. Its parts start with the first request or `start`, in the running loop."""

    def __init__(self) -> None:
        self._directory: Directory | None = None
        self._bodies = Bodies()
        self._gate = Gate(settings)

    async def start(self) -> None:
        self._directory = Directory()
        writer = secrets.token_hex(8)
        self._waker = Waker()
        spill = Spill(settings.SPILL_DIR, writer, settings.SPILL_BYTES)
        self._appender = Appender(self._waker.wake, writer, spill, settings.STREAM_LIMIT)
        self._gauges = Gauges(writer, self._appender)
        background = (self._directory.keep_fresh(), self._gauges.run(), self._bodies.run())
        self._tasks = [asyncio.create_task(work) for work in background]

    async def stop(self) -> None:
        """Write what waits, then stop."""
        if self._directory is None:
            return
        await self._appender.close()
        await self._waker.close()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._directory = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._directory is None:
            await self.start()
        answer = await self._answer(scope, receive)
        self._gauges.count(answer.status)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if scope["path"] != "/track/it":
            return _text(404, CORS, b"There is nothing here.")
        if scope["method"] == "POST":
            return await self._post(scope, receive)
        if scope["method"] == "GET":
            return await self._pixel(scope)
        if scope["method"] == "OPTIONS":
            return _text(204, PREFLIGHT)
        return _text(405, [*CORS, (b"allow", b"GET, POST, OPTIONS")], b"Send a POST or a GET.")

    async def _post(self, scope: Scope, receive: Receive) -> Answer:
        headers: Received = dict(scope["headers"])
        body = bytearray()
        try:
            address = self._gate.knock(scope)
            body = await self._bodies.read(headers.get(b"content-length", b""), receive)
            admitted = await self._take(wire.decode(body), headers, address)
        except Refused as refused:
            await self._count_refusal(scope, headers, refused)
            reason = [*CORS, _reason(refused.reason), *_retry_after(refused)]
            return _text(refused.status, reason, str(refused).encode())
        except Unavailable as unavailable:
            reason = [*CORS, _reason(unavailable.reason), (b"retry-after", str(RETRY_SECONDS).encode())]
            return _text(503, reason, b"The events could not be stored; send them again.")
        finally:
            self._bodies.release(body)
        return ALL_TAKEN if admitted.is_whole else _text(202, [*CORS, _dropped(admitted)])

    async def _pixel(self, scope: Scope) -> Answer:
        received: Received = dict(scope["headers"])
        headers = GIF_HEADERS.copy()
        status = 200
        try:
            address = self._gate.knock(scope)
            admitted = await self._take(_batch_of_query(scope, received), received, address)
            if not admitted.is_whole:
                headers.append(_dropped(admitted))
        except Refused as refused:
            await self._count_refusal(scope, received, refused)
            headers.append(_reason(refused.reason))
        except Unavailable as unavailable:
            status = 503
            headers.append(_reason(unavailable.reason))
        return Answer(status, headers, GIF)

    async def _take(self, batch: wire.Batch, headers: Received, address: str) -> Admitted:
        """Make the events of `batch` durable. Raises Refused when none can be taken, Unavailable."""
        directory = self._running_directory()
        if not directory.loaded.is_set():
            await _loaded(directory)
        received = _now_ms()
        sender = _sender(headers, *self._gate.place(address))
        try:
            admitted = admit(batch, directory.snapshot, sender, received, address)
            missing = bool(admitted.unknown_hosts)
        except Refused:
            missing = True
        if missing:
            await directory.refresh()
            admitted = admit(batch, directory.snapshot, sender, received, address)
        try:
            self._gate.measure(address, admitted)
            await self._appender.append(admitted, _day(received))
        except (TooFast, Backlog) as refused:
            await self._count_instead(admitted, refused.reason, received)
            raise
        if not admitted.taken and (reasons := admitted.reasons()).keys() != {"excluded"}:
            reason = reasons.most_common(1)[0][0]
            raise NoneTaken(reason, "None of the events was taken.", 404 if reason == "unknown_host" else 400)
        return admitted

    async def _count_instead(self, admitted: Admitted, reason: str, received: int) -> None:
        """Count under `reason` what would have been taken."""
        counted = Admitted(admitted.account_id)
        for property_id, packet in admitted.packets.items():
            counted.drop(property_id, reason, len(packet.events))
        with suppress(Unavailable):  # the sender learns the reason all the same
            await self._appender.append(counted, _day(received))

    async def _count_refusal(self, scope: Scope, headers: Received, refused: Refused) -> None:
        """Count a request that could not be read, for the property (else the account) that its query
        and page name."""
        if isinstance(refused, NoneTaken | TooFast) and refused.counted:
            return
        directory, query = self._running_directory(), _query(scope)
        try:
            account_id = known_account(query.get("account", "0"), directory.snapshot)
        except (Refused, ValueError):
            return
        named = query.get("property", "")
        property_id = int(named) if named.isascii() and named.isdigit() and len(named) < 16 else None
        if directory.snapshot.owners.get(property_id or 0) != account_id:
            property_id = directory.snapshot.property_for(account_id, _page_host(headers))
        admitted = Admitted(account_id)
        admitted.drop(property_id or NO_PROPERTY, refused.reason)
        with suppress(Unavailable):  # the sender learns the reason all the same
            await self._appender.append(admitted, _day(_now_ms()))

    def _running_directory(self) -> Directory:
        assert self._directory is not None
        return self._directory


class NoneTaken(Refused):
    """Everything in a batch was dropped, and is counted already."""

    counted = True


async def _loaded(directory: Directory) -> None:
    """Return once the table has been read. Raises Unavailable when the database is away."""
    try:
        await asyncio.wait_for(directory.loaded.wait(), timeout=5)
    except TimeoutError:
        raise Unavailable("The table of properties cannot be read.") from None


def _batch_of_query(scope: Scope, headers: Received) -> wire.Batch:
    """A batch of one event, from a pixel's query. Raises Refused."""
    query = _query(scope)
    event = {key: query[key] for key in ("name", "at", "url", "referrer", "title") if key in query}
    event = {"name": "pageview", "at": str(_now_ms()), "url": _header(headers, b"referer")[:2000], **event}
    names = ("account", "property", "visitor", "session", "tab", "sent")
    batch: dict[str, object] = {key: query[key] for key in names if key in query}
    batch["events"] = [event]
    try:
        converted = msgspec.convert(batch, wire.Batch, strict=False)
    except msgspec.ValidationError as error:
        raise Refused("bad_schema", str(error)[:300]) from None
    wire.refuse_forbidden_letters(converted)
    return converted


def _query(scope: Scope) -> dict[str, str]:
    try:
        pairs: list[tuple[str, str]] = parse_qsl(scope["query_string"].decode("ascii", "replace"), max_num_fields=50)
    except ValueError:
        return {}
    return dict(pairs)


def _sender(headers: Received, country: str, city: str) -> Sender:
    return Sender(
        host=_page_host(headers),
        user_agent=_header(headers, b"user-agent")[:500],
        language=_header(headers, b"accept-language")[:200],
        country=country,
        city=city,
    )


def _page_host(headers: Received) -> str:
    """The host of the page that sent this, as the browser says it."""
    return _host(headers.get(b"origin", b"")[:300]) or host_of(_header(headers, b"referer"))


@lru_cache(maxsize=4096)  # sites are few
def _host(origin: bytes) -> str:
    return host_of(origin.decode("latin-1"))


def _header(headers: Received, name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _day(milliseconds: int) -> str:
    return _date(milliseconds // DAY_MS)


@lru_cache(maxsize=4)
def _date(days: int) -> str:
    """The date so many days after the first of 1970."""
    return date.fromordinal(EPOCH + days).isoformat()


def _reason(reason: str) -> tuple[bytes, bytes]:
    return (b"x-aktivat-reason", reason.encode())


def _retry_after(refused: Refused) -> Headers:
    if refused.status not in (429, 503):
        return []
    seconds = refused.seconds if isinstance(refused, TooFast) else RETRY_SECONDS
    return [(b"retry-after", str(seconds).encode())]


def _dropped(admitted: Admitted) -> tuple[bytes, bytes]:
    counts = (f"{reason}={number}" for reason, number in admitted.reasons().items())
    return (b"x-aktivat-dropped", ", ".join(counts).encode())


def _text(status: int, headers: Headers, body: bytes = b"") -> Answer:
    length = [] if status == 204 else [(b"content-length", str(len(body)).encode())]
    return Answer(status, [(b"content-type", b"text/plain; charset=utf-8"), NO_STORE, *headers, *length], body)
