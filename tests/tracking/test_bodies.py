"""Bodies are bounded: each, and all that are held at one time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tracking.bodies import Bodies
from tracking.wire import MAX_BODY_BYTES, Refused


def sending(*parts: bytes, then: Callable[[], Awaitable[Any]] | None = None) -> Callable[[], Awaitable[dict[str, Any]]]:
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop(0)
        if then:
            await then()
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive


async def read(bodies: Bodies, *parts: bytes, declared: bytes = b"") -> bytes:
    body = await bodies.read(declared, sending(*parts))
    bodies.release(body)
    return bytes(body)


def reason(bodies: Bodies, *parts: bytes, declared: bytes = b"") -> tuple[str, int]:
    with pytest.raises(Refused) as refused:
        asyncio.run(read(bodies, *parts, declared=declared))
    return refused.value.reason, refused.value.status


def test_a_body_is_its_parts() -> None:
    assert asyncio.run(read(Bodies(), b"a", b"", b"bc")) == b"abc"


@pytest.mark.parametrize("declared", [b"", b"1", b"x", b"-5", b"\xb3"])
def test_what_is_declared_is_not_believed(declared: bytes) -> None:
    assert reason(Bodies(), b"x" * MAX_BODY_BYTES, b"x", declared=declared) == ("too_large", 413)


def test_what_says_that_it_is_too_large_is_not_read() -> None:
    bodies = Bodies(most_bytes=1)
    assert reason(bodies, b"x" * 10, declared=b"%d" % (MAX_BODY_BYTES + 1)) == ("too_large", 413)


def test_all_bodies_together_are_bounded_until_their_requests_are_answered() -> None:
    bodies = Bodies(most_bytes=100)

    async def work() -> None:
        held = await bodies.read(b"", sending(b"x" * 60))
        assert bodies.size == 60
        with pytest.raises(Refused) as refused:
            await read(bodies, b"x" * 60)
        assert (refused.value.reason, refused.value.status) == ("busy", 503)
        assert bodies.size == 60
        assert await read(bodies, b"x" * 40)
        bodies.release(held)
        assert await read(bodies, b"x" * 100)

    asyncio.run(work())
    assert bodies.size == 0


@asynccontextmanager
async def watched(monkeypatch: pytest.MonkeyPatch, seconds: float) -> AsyncIterator[Bodies]:
    """Bodies of which none may take longer than `seconds`."""
    monkeypatch.setattr("tracking.bodies.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("tracking.bodies.BODY_SECONDS", seconds)
    bodies = Bodies()
    watch = asyncio.create_task(bodies.run())
    yield bodies
    watch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watch


def test_a_slow_body_is_given_up_and_no_longer_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with watched(monkeypatch, 0.01) as bodies:
            with pytest.raises(Refused) as refused:
                await bodies.read(b"", sending(b"x", then=lambda: asyncio.sleep(30)))
            assert (refused.value.reason, bodies.size) == ("too_slow", 0)
            current = asyncio.current_task()
            assert current is not None
            assert current.cancelling() == 0
            assert await read(bodies, b"a") == b"a"

    asyncio.run(work())


def test_a_request_that_has_its_body_may_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with watched(monkeypatch, 0.01) as bodies:
            body = await bodies.read(b"", sending(b"x"))
            await asyncio.sleep(0.1)
            assert body == b"x"

    asyncio.run(work())


def test_a_task_that_is_cancelled_stays_cancelled() -> None:
    async def work() -> None:
        bodies = Bodies()
        reading = asyncio.create_task(bodies.read(b"", sending(b"x", then=lambda: asyncio.sleep(30))))
        await asyncio.sleep(0.01)
        assert bodies.size == 1
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert bodies.size == 0

    asyncio.run(work())


def test_a_connection_that_ends_in_the_body() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(Refused) as refused:
        asyncio.run(Bodies().read(b"", receive))
    assert refused.value.reason == "too_slow"
