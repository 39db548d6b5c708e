"""Files of events whose shard is away: whole frames only, in order, bounded, and of one process at a time."""

import asyncio
import os
import stat
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from tracking.once import Entry, Owner
from tracking.spill import SEGMENT_BYTES, Frame, Spill, SpillFull

SHOP, BLOG = (7, 3), (7, 4)
MOST = 1_000_000


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def frame(number: int, owner: Owner = SHOP, packed: bytes = b"") -> Frame:
    return Frame.of(owner, Entry(number, 2, packed or f"entry {number}".encode()))


def numbers(spill: Spill) -> list[int]:
    return [frame.number for segment in spill.segments for frame in segment.read(0, 1 << 30)[0]]


def test_what_is_appended_is_read_back_in_order(tmp_path: Path) -> None:
    async def work() -> None:
        spill = Spill(tmp_path, "a", MOST)
        await spill.append([frame(1), frame(2, BLOG)])
        await spill.append([frame(3)])
        [segment] = spill.segments
        assert segment.read(0, 1 << 20)[0] == [frame(1), frame(2, BLOG), frame(3)]
        assert spill.events == 6
        assert spill.size == segment.path.stat().st_size
        assert spill.owes(SHOP)
        segment.acknowledged[SHOP] = 3
        assert (spill.owes(SHOP), spill.owes(BLOG)) == (False, True)
        spill.close()

    run(work())


def test_a_file_is_read_in_parts(tmp_path: Path) -> None:
    async def work() -> None:
        spill = Spill(tmp_path, "a", MOST)
        await spill.append([frame(number) for number in range(1, 11)])
        [segment], found, offset = spill.segments, [], 0
        while part := segment.read(offset, 30)[0]:
            found.append([frame.number for frame in part])
            offset = segment.read(offset, 30)[1]
        assert [number for part in found for number in part] == list(range(1, 11))
        assert len(found) > 3
        spill.close()

    run(work())


def test_only_the_owner_of_the_data_may_read_it(tmp_path: Path) -> None:
    async def work() -> None:
        spill = Spill(tmp_path / "spill", "a", MOST)
        await spill.append([frame(1)])
        [file] = (tmp_path / "spill").iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        spill.close()

    run(work())


def test_a_full_spill_takes_nothing_more_and_keeps_what_it_has(tmp_path: Path) -> None:
    async def work() -> None:
        spill = Spill(tmp_path, "a", 200)
        await spill.append([frame(1, packed=b"x" * 100)])
        with pytest.raises(SpillFull):
            await spill.append([frame(2, packed=b"x" * 100)])
        assert numbers(spill) == [1]
        await spill.append([frame(3)])
        assert numbers(spill) == [1, 3]
        spill.close()

    run(work())


def test_no_spill_is_always_full(tmp_path: Path) -> None:
    async def work() -> None:
        with pytest.raises(SpillFull):
            await Spill(tmp_path / "none", "a", 0).append([frame(1)])
        assert not (tmp_path / "none").exists()

    run(work())


def test_a_long_spill_is_many_files_and_each_goes_when_it_is_done(tmp_path: Path) -> None:
    async def work() -> None:
        spill = Spill(tmp_path, "a", SEGMENT_BYTES * 3)
        large = b"x" * (SEGMENT_BYTES // 2 + 1)
        for number in range(1, 5):
            await spill.append([frame(number, packed=large)])
        first, second = spill.segments
        first.acknowledged[SHOP] = 1
        await spill.remove_if_done(first)
        assert numbers(spill) == [1, 2, 3, 4], "half of it is still owed"
        first.acknowledged[SHOP] = 2
        await spill.remove_if_done(first)
        assert spill.segments == [second]
        assert os.listdir(tmp_path) == [second.path.name]
        spill.close()

    run(work())


def test_a_process_takes_over_from_one_that_ended_but_not_from_one_that_lives(tmp_path: Path) -> None:
    async def work() -> None:
        dead, living, mine = (Spill(tmp_path, writer, MOST) for writer in ("dead", "living", "mine"))
        await dead.append([frame(1), frame(2)])
        await living.append([frame(8)])
        await mine.append([frame(5)])
        assert await mine.take_over() == 0
        dead.close()
        assert await mine.take_over() == 1
        assert numbers(mine) == [1, 2, 5]
        assert [segment.writer for segment in mine.segments] == ["dead", "mine"]
        assert mine.owes(SHOP)
        assert await living.take_over() == 0
        mine.close()
        living.close()

    run(work())


@pytest.mark.parametrize("cut", [1, 3, 9, 12])
def test_a_torn_frame_was_never_acknowledged(tmp_path: Path, cut: int) -> None:
    async def work() -> None:
        dead = Spill(tmp_path, "dead", MOST)
        await dead.append([frame(1), frame(2)])
        path = dead.segments[0].path
        dead.close()
        os.truncate(path, path.stat().st_size - cut)
        mine = Spill(tmp_path, "mine", MOST)
        await mine.take_over()
        assert numbers(mine) == [1]
        assert mine.segments[0].last == {SHOP: 1}
        mine.close()

    run(work())


@pytest.mark.parametrize("rest", [b"", b"\0" * 100, b"\xff" * 100, b"\0\0\0\5abcdefghijk"], ids=["0", "1", "2", "3"])
def test_a_file_without_a_whole_frame_is_deleted(tmp_path: Path, rest: bytes) -> None:
    async def work() -> None:
        path = tmp_path / "dead-000001.log"
        path.write_bytes(rest)
        mine = Spill(tmp_path, "mine", MOST)
        assert await mine.take_over() == 0
        assert not path.exists()

    run(work())


def test_a_disk_that_fails_acknowledges_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        spill = Spill(tmp_path, "a", MOST)
        await spill.append([frame(1)])
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(OSError):
                await spill.append([frame(2)])
        await spill.append([frame(3)])
        assert numbers(spill) == [1, 3]
        spill.close()
        mine = Spill(tmp_path, "mine", MOST)
        await mine.take_over()
        assert numbers(mine) == [1, 3]
        mine.close()

    run(work())
