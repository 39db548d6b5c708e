"""The collector's table: whoever asks gets what was there when they asked, and many who ask share one look."""

import asyncio

import pytest

from tracking import directory
from tracking.directory import Directory, Snapshot


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Snapshot]:
    """Every look that was taken; each finds one account more."""
    looks: list[Snapshot] = []

    def changed_since(snapshot: Snapshot) -> Snapshot:
        looks.append(snapshot)
        return Snapshot(accounts=frozenset(range(len(looks))))

    monkeypatch.setattr(directory, "_changed_since", changed_since)
    return looks


def test_what_was_made_right_after_a_look_is_there_for_who_asks(looks: list[Snapshot]) -> None:
    async def ask() -> frozenset[int]:
        table = Directory()
        await table.refresh()
        await asyncio.gather(*(table.refresh() for _ in range(50)))
        return table.snapshot.accounts

    assert asyncio.run(ask()) == {0, 1}
    assert len(looks) == 2


def test_nobody_makes_it_look_more_often_than_four_times_a_second(looks: list[Snapshot]) -> None:
    async def ask() -> float:
        table, loop = Directory(), asyncio.get_running_loop()
        began = loop.time()
        for _ in range(4):
            await table.refresh()
        return loop.time() - began

    assert asyncio.run(ask()) >= 3 * directory.AT_MOST_EVERY_SECONDS
    assert len(looks) == 4
