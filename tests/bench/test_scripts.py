"""The scripts themselves, small."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import latency, memory, peers
from bench.ground.engine import client_of
from bench.ground.servers import ROOT, valkey


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, f"bench/{script}.py", *arguments]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AKTIVAT_")}
    done = subprocess.run(
        command, cwd=ROOT, env={**environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_memory_of_one_trait_and_of_an_idle_property() -> None:
    found = memory.of_traits(memory.QUICK)
    # Three minutes, 1.3 hours and a day are at least two bytes each in any sorted list of 16-bit numbers.
    assert 2 * 3 < found["bytes_per_visitor_day"] < 60
    assert found["ratio_to_setbit"] > 10
    assert 10_000 < found["idle_property_bytes"] < 2_000_000


@pytest.mark.slow
def test_memory_of_everything() -> None:
    printed = run("memory", "--quick")
    assert "quick" in printed.lower()
    found = json.loads(printed.splitlines()[-1])
    assert set(found) >= {"bytes_per_visitor_day", "ratio_to_setbit", "idle_property_bytes", "bytes_per_event"}
    # Of so few events most is what a slot takes, however little is in it.
    assert 60 < found["bytes_per_event"] < 2_000


@pytest.mark.slow
def test_rebuild_counts_what_a_plain_count_says() -> None:
    """The script ends with an error when a number differs."""
    found = json.loads(run("rebuild", "--quick").splitlines()[-1])
    assert set(found) == {"events_per_second", "bitmap_bytes_per_event"}


@pytest.mark.slow
def test_ingest_counts_every_event() -> None:
    """The script ends with an error when one is missing."""
    found = json.loads(run("ingest", "--quick").splitlines()[-1])
    assert found["events_per_second"] > 100
    compared = {"ratio_to_bitmapist", "marks_ratio_to_bitmapist"}
    assert compared & set(found) == (compared if peers.version("bitmapist") else set())


@pytest.mark.slow
def test_latency_sees_every_probe() -> None:
    found = json.loads(run("latency", "--quick").splitlines()[-1])
    assert set(found) == {"p95_seconds", "neighbour_p95_seconds", "events_per_second", "probes"}
    assert 0 < found["p95_seconds"] < 60
    assert found["probes"] >= 2


def test_the_95th_percentile_is_a_value_that_was_measured() -> None:
    assert latency.p95([3.0]) == 3.0
    assert latency.p95([float(number) for number in range(100, 0, -1)]) == 95.0
    with pytest.raises(SystemExit, match="No probe"):
        latency.p95([])


def test_marks_are_three_minutes_in_one_or_two_hours_of_each_active_visitor() -> None:
    size = memory.Size(active=5_000, known=50_000, days=2)
    who, when = memory.marks(size, 1)
    marks = sorted(set(zip(who.tolist(), when.tolist(), strict=True)))
    assert len(marks) == 3 * size.active
    assert len({visitor for visitor, _ in marks}) == size.active
    hours = {(visitor, minute // 60) for visitor, minute in marks}
    assert 1.25 < len(hours) / size.active < 1.35
    first = int(memory.FIRST_DAY.timestamp()) // 60
    assert {(minute - first) // 1440 for _, minute in marks} == {1}


def test_a_missing_peer_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peers, "PYTHON", tmp_path / "python")
    with pytest.raises(SystemExit, match=r"chdb is not installed.*\./aktivat bench peers"):
        peers.require("chdb")
    monkeypatch.setattr(peers, "PYTHON", Path(sys.executable))
    assert peers.require("pyroaring")
    with pytest.raises(SystemExit, match="nothing-of-this-name is not installed"):
        peers.require("nothing-of-this-name")


@pytest.mark.slow
@pytest.mark.skipif(not peers.version("chdb"), reason="the peers are not installed: ./aktivat bench peers")
@pytest.mark.parametrize("script", ["queries", "funnel"])
def test_clickhouse_gives_the_same_answers(script: str) -> None:
    """The scripts end with an error when two answers differ."""
    found = json.loads(run(script, "--quick").splitlines()[-1])
    assert found
    assert all(value > 0 for value in found.values())


@pytest.mark.slow
@pytest.mark.skipif(not peers.version("bitmapist"), reason="the peers are not installed: ./aktivat bench peers")
def test_bitmapist_marks_three_bits_an_event(tmp_path: Path) -> None:
    with valkey(tmp_path / "peer", cluster=False, appendfsync="no") as server:
        found = peers.run("peer_bitmapist", [str(server.port), server.password, "0.5", "1000"])
        assert found["in_batches"] > found["one_by_one"] > 100
        # 30 names, each for a day, a week and a month; two of each if midnight passes.
        assert 90 <= client_of(server).dbsize() <= 180
