"""The collector: a plain ASGI application at /track/ and the paths of the sources, beside Django and not inside it.

    POST /track/it?account=7   one batch (wire.py), as JSON or text/plain   202, or 4xx/503 with a reason
    everything else            a source (sources/) reads it and shapes the answer

    bodies ──► wire or source ──► gate: place, limits ──► admission ──► appender ──► 202
    busy       bad_…              too_fast                excluded …    backlog, unavailable

It answers 2xx only when the events are durable. A refusal names its reason in X-Aktivat-Reason and
is counted for the property it was meant for; where a part of a batch is taken, X-Aktivat-Dropped
counts the rest. `account` and `property` in the query tell whose a body is that cannot be read.

The address of the sender goes into the gate and into admission, and is in nothing that comes out.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

from django.conf import settings

from tracking import answers, wire
from tracking.admission import Admitted, Grant, Sender, admit, admit_granted, known_account
from tracking.anonymous import Anonymous
from tracking.answers import Answer
from tracking.appender import Appender, Backlog, Unavailable
from tracking.arrival import host_of
from tracking.bodies import Bodies
from tracking.directory import Directory
from tracking.gate import Gate, TooFast
from tracking.gauges import Gauges
from tracking.keys import NO_PROPERTY
from tracking.sources import registry
from tracking.sources.interface import Key, Outcome, Reading, Request, Site, Source, parsed, unpacked
from tracking.spill import Spill
from tracking.waker import Waker
from tracking.wire import Refused

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Received = Mapping[bytes, bytes]  # a request's headers

TRACKER = registry.TRACKER
EPOCH = date(1970, 1, 1).toordinal()
DAY_MS = 24 * 3600 * 1000


class Collector:
    """The application. Its parts start with the first request or `start`, in the running loop."""

    def __init__(self) -> None:
        self._directory: Directory | None = None
        self._bodies = Bodies()
        self._gate = Gate(settings)
        self._sources = registry.installed()
        self.paths = frozenset(path for _, path in (*self._sources, TRACKER))

    async def start(self) -> None:
        self._directory = Directory()
        writer = secrets.token_hex(8)
        self._waker = Waker()
        spill = Spill(settings.SPILL_DIR, writer, settings.SPILL_BYTES)
        self._appender = Appender(self._waker.wake, writer, spill, settings.STREAM_LIMIT)
        self._anonymous = Anonymous()
        self._gauges = Gauges(writer, self._appender)
        background = (self._directory.keep_fresh(), self._gauges.run(), self._bodies.run())
        self._tasks = [asyncio.create_task(work) for work in background]

    async def stop(self) -> None:
        """Write what waits, then stop."""
        if self._directory is None:
            return
        await self._appender.close()
        await self._anonymous.close()
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
        door = (scope["method"], scope["path"])
        if door == TRACKER:  # nearly always
            return await self._post(scope, receive)
        if source := self._sources.get(door):
            return await self._through(source, scope, receive)
        if scope["path"] not in self.paths:
            return answers.text(404, answers.CORS, answers.NOTHING_HERE)
        if scope["method"] == "OPTIONS":
            return answers.text(204, answers.PREFLIGHT)
        methods = {method for method, path in (*self._sources, TRACKER) if path == scope["path"]}
        allow = ", ".join([*sorted(methods), "OPTIONS"])
        return answers.text(405, [*answers.CORS, (b"allow", allow.encode())], f"Here are {allow}.".encode())

    async def _post(self, scope: Scope, receive: Receive) -> Answer:
        headers: Received = dict(scope["headers"])
        body = bytearray()
        try:
            address = self._gate.knock(scope)
            body = await self._bodies.read(headers.get(b"content-length", b""), receive)
            admitted = await self._take(wire.decode(body), headers, address)
        except Refused as refused:
            await self._count_refusal(scope, headers, refused)
            return answers.refusal(refused)
        except Unavailable as unavailable:
            return answers.refusal(_later(unavailable))
        finally:
            self._bodies.release(body)
        return answers.ALL_TAKEN if admitted.is_whole else answers.partly_taken(admitted)

    async def _through(self, source: Source, scope: Scope, receive: Receive) -> Answer:
        """A request to one of the other doors."""
        headers: Received = dict(scope["headers"])
        request = Request(scope["method"], scope["path"], scope["query_string"], headers, b"", _now_ms())
        body, place = bytearray(), None
        try:
            address = self._gate.knock(scope)
            if request.method == "POST":
                body = await self._bodies.read(headers.get(b"content-length", b""), receive, source.most_bytes)
                plain = unpacked(bytes(body), headers.get(b"content-encoding", b""), source.most_bytes)
                request = replace(request, body=plain)
            place = await self._place(source, request)
            outcome = await self._take_reading(source.read(request, place), place, request, address)
        except Refused as refused:
            if place is not None and not _is_counted(refused):
                await self._count_drop(place.account_id, place.property_id, refused.reason)
            else:
                await self._count_refusal(scope, headers, refused)
            outcome = Outcome(refused=refused)
        except Unavailable as unavailable:
            outcome = Outcome(refused=_later(unavailable))
        finally:
            self._bodies.release(body)
        return answers.of_source(source.answer(request, outcome), outcome)

    async def _place(self, source: Source, request: Request) -> Grant | None:
        """Whose the events of a request are; None where each batch says it. Raises Refused, Unavailable."""
        directory = self._running_directory()
        if not directory.loaded.is_set():
            await _loaded(directory)
        match source.who(request):
            case Key(key):
                return await directory.grant_of(key)
            case Site(host, account):
                return await directory.place_of(host, account)
        return None

    async def _take_reading(self, reading: Reading, place: Grant | None, request: Request, address: str) -> Outcome:
        """Make what a source has read durable. Raises Refused when none can be taken, Unavailable."""
        if reading.is_trial:
            return Outcome(errors=reading.refused)
        if place is None or any(letter.sender is None for letter in reading.letters):
            some = [await self._take(letter.batch, request.headers, address) for letter in reading.letters]
        else:
            some = await self._take_granted(reading, place, request.received)
        dropped: Counter[str] = sum((admitted.reasons() for admitted in some), Counter())
        outcome = Outcome(sum(admitted.taken for admitted in some), dropped, reading.refused)
        if not outcome.taken and dropped and not dropped.keys() <= {"excluded"}:
            outcome.refused = next((refused for _, refused in reading.refused), None) or _none_taken(dropped)
        return outcome

    async def _take_granted(self, reading: Reading, place: Grant, received: int) -> list[Admitted]:
        """Of a server with a write key: all of it is written, or none."""
        not_read = Admitted(place.account_id)
        for _, refused in reading.refused:
            not_read.drop(place.property_id, refused.reason)
        some = [not_read]
        for letter in reading.letters:
            assert letter.sender is not None
            admitted = admit_granted(letter.batch, place, letter.sender, received)
            for packet in admitted.packets.values():
                packet.message = letter.message
            some.append(admitted)
        events = sum(admitted.taken for admitted in some)
        try:
            self._gate.measure_property(place.property_id, events)
            await self._appender.append_together(some, _day(received))
        except (TooFast, Backlog) as refused:
            await self._count_drop(place.account_id, place.property_id, refused.reason, events)
            raise
        return some

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
        if batch.visitor is None:
            await self._anonymous.name(admitted, address, sender.user_agent, received)
        try:
            self._gate.measure(address, admitted)
            await self._appender.append(admitted, _day(received))
        except (TooFast, Backlog) as refused:
            await self._count_instead(admitted, refused.reason, received)
            raise
        if not admitted.taken and (reasons := admitted.reasons()).keys() != {"excluded"}:
            raise _none_taken(reasons)
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
        if _is_counted(refused):
            return
        directory, query = self._running_directory(), parsed(scope["query_string"])
        try:
            account_id = known_account(query.get("account", "0"), directory.snapshot)
        except (Refused, ValueError):
            return
        named = query.get("property", "")
        property_id = int(named) if named.isascii() and named.isdigit() and len(named) < 16 else None
        if directory.snapshot.owners.get(property_id or 0) != account_id:
            property_id = directory.snapshot.property_for(account_id, _page_host(headers))
        await self._count_drop(account_id, property_id or NO_PROPERTY, refused.reason)

    async def _count_drop(self, account_id: int, property_id: int, reason: str, events: int = 1) -> None:
        admitted = Admitted(account_id)
        admitted.drop(property_id, reason, events)
        with suppress(Unavailable):  # the sender learns the reason all the same
            await self._appender.append(admitted, _day(_now_ms()))

    def _running_directory(self) -> Directory:
        assert self._directory is not None
        return self._directory


class NoneTaken(Refused):
    """Everything in a batch was dropped, and is counted already."""

    counted = True


def _none_taken(reasons: Counter[str]) -> NoneTaken:
    reason = reasons.most_common(1)[0][0]
    return NoneTaken(reason, "None of the events was taken.", 404 if reason == "unknown_host" else 400)


def _is_counted(refused: Refused) -> bool:
    return isinstance(refused, NoneTaken | TooFast) and refused.counted


def _later(unavailable: Unavailable) -> Refused:
    return Refused(unavailable.reason, "The events could not be stored; send them again.", 503)


async def _loaded(directory: Directory) -> None:
    """Return once the table has been read. Raises Unavailable when the database is away."""
    try:
        await asyncio.wait_for(directory.loaded.wait(), timeout=5)
    except TimeoutError:
        raise Unavailable("The table of properties cannot be read.") from None


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
