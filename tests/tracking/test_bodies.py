"""Bodies are bounded: each, and all that are held at one time."""

import asyncio
from collections.abc import Awaitable, Callable
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


async def read(bodies: Bodies, *parts: bytes, declared: str = "") -> bytes:
    async with bodies.read(declared, sending(*parts)) as body:
        return body


def reason(bodies: Bodies, *parts: bytes, declared: str = "") -> tuple[str, int]:
    with pytest.raises(Refused) as refused:
        asyncio.run(read(bodies, *parts, declared=declared))
    return refused.value.reason, refused.value.status


def test_a_body_is_its_parts() -> None:
    assert asyncio.run(read(Bodies(), b"a", b"", b"bc")) == b"abc"


@pytest.mark.parametrize("declared", ["", "1", "x", "-5", "³"])
def test_what_is_declared_is_not_believed(declared: str) -> None:
    assert reason(Bodies(), b"x" * MAX_BODY_BYTES, b"x", declared=declared) == ("too_large", 413)


def test_what_says_that_it_is_too_large_is_not_read() -> None:
    bodies = Bodies(most_bytes=1)
    assert reason(bodies, b"x" * 10, declared=str(MAX_BODY_BYTES + 1)) == ("too_large", 413)


def test_all_bodies_together_are_bounded_until_their_requests_are_answered() -> None:
    bodies = Bodies(most_bytes=100)

    async def work() -> None:
        async with bodies.read("", sending(b"x" * 60)):
            assert bodies.size == 60
            with pytest.raises(Refused) as refused:
                await read(bodies, b"x" * 60)
            assert (refused.value.reason, refused.value.status) == ("busy", 503)
            assert bodies.size == 60
            assert await read(bodies, b"x" * 40)
        assert await read(bodies, b"x" * 100)

    asyncio.run(work())
    assert bodies.size == 0


def test_a_slow_body_is_given_up_and_no_longer_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracking.bodies.BODY_SECONDS", 0.01)
    bodies = Bodies()

    async def work() -> None:
        async with bodies.read("", sending(b"x", then=lambda: asyncio.sleep(30))):
            pass

    with pytest.raises(Refused) as refused:
        asyncio.run(work())
    assert (refused.value.reason, bodies.size) == ("too_slow", 0)


def test_a_connection_that_ends_in_the_body() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def work() -> None:
        async with Bodies().read("", receive):
            pass

    with pytest.raises(Refused) as refused:
        asyncio.run(work())
    assert refused.value.reason == "too_slow"
