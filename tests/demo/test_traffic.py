"""The visits as they arrive at a collector: all of the past once, whatever happens on the way, then live."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from demo import state
from demo.state import History
from demo.traffic import Refused, Sender, Stopped, now_ms, play_coming, play_history, play_live
from demo.visits import MINUTE, OLDEST, Visit, plan, trickle
from tests.tracker.recorder import Recorder
from tracking import wire

SITE = "https://shop.example"
MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


@pytest.fixture
def account(data_folder: Path) -> int:
    """An account's id in demo.json; the traffic needs no more of it."""
    state.write(7, 3, "testserver", None)
    return 7


@pytest.fixture
def sender(account: int, collector: Recorder) -> Sender:
    return Sender(collector.url, SITE, account, threading.Event(), tell=lambda text: None)


@pytest.fixture
def wanted() -> History:
    return History(seed=7, visitors=20, days=30, now=now_ms())


def planned(history: History) -> list[Visit]:
    return plan(history.seed, history.now, history.visitors, history.days)


def kept_history() -> History:
    kept = state.read()
    assert kept is not None
    assert kept.history is not None
    return kept.history


def sessions(collector: Recorder) -> list[str]:
    return [str(batch.session) for batch in collector.batches]


def test_all_of_the_past_arrives_once_and_oldest_first(sender: Sender, wanted: History, collector: Recorder) -> None:
    play_history(sender, wanted, visits_a_second=1000)
    visits = planned(wanted)
    assert sessions(collector) == [visit.session for visit in visits]
    assert len(collector.events) == sum(len(visit.steps) for visit in visits)
    assert kept_history() == replace(wanted, played=len(visits), done=True)
    play_history(sender, wanted, visits_a_second=1000)
    assert len(collector.batches) == len(visits)


def test_a_batch_says_what_a_browser_would_say(sender: Sender, wanted: History, collector: Recorder) -> None:
    play_history(sender, wanted, visits_a_second=1000)
    for received, visit in zip(collector.received, planned(wanted), strict=True):
        assert received.target == "/track/it?account=7"
        assert received.headers["Content-Type"].startswith("text/plain")
        assert received.headers["User-Agent"] == visit.agent
        assert received.headers["Origin"] == SITE
        batch = received.batch
        assert (batch.account, batch.property) == (7, None)
        assert (str(batch.visitor), batch.tab) == (visit.visitor, visit.tab)
        assert len(batch.events) <= wire.MAX_EVENTS
        assert batch.sent is not None
        for event, step in zip(batch.events, visit.steps, strict=True):
            assert event.at == step.at
            assert 0 < batch.sent - event.at < OLDEST + MINUTE
            assert event.url == SITE + step.path
            assert not event.referrer.startswith("/")


def test_what_was_stopped_goes_on_where_it_was(sender: Sender, wanted: History, collector: Recorder) -> None:
    # Each failing answer is told; at the second one the traffic is asked to stop.
    collector.answers = [204] * 5 + [503, 503]
    reasons: list[str] = []

    def tell(text: str) -> None:
        reasons.append(text)
        if len(reasons) == 2:
            sender.stop.set()

    sender.tell = tell
    with pytest.raises(Stopped):
        play_history(sender, wanted, visits_a_second=1000)
    assert kept_history().played == len(collector.batches) == 5
    # Hours later, with other options: the plan stays the one that was begun.
    again = replace(sender, stop=threading.Event())
    play_history(again, replace(wanted, now=wanted.now + 3 * 60 * MINUTE, seed=8, visitors=3), visits_a_second=1000)
    assert sessions(collector) == [visit.session for visit in planned(wanted)]


def test_a_server_that_is_busy_is_asked_again(sender: Sender, wanted: History, collector: Recorder) -> None:
    collector.answers = [204, 503, 429, 204]
    play_history(sender, wanted, visits_a_second=1000)
    assert collector.refused == [503, 429]
    assert sessions(collector) == [visit.session for visit in planned(wanted)]


def test_without_an_answer_nothing_is_sent_twice(sender: Sender, wanted: History, collector: Recorder) -> None:
    collector.answers = [204, 0, 204]
    told: list[str] = []
    sender.tell = told.append
    play_history(sender, wanted, visits_a_second=1000)
    assert sessions(collector) == [visit.session for visit in planned(wanted)]
    assert [text for text in told if "may be lost" in text]


def test_a_refusal_ends_it_and_names_the_reason(sender: Sender, wanted: History, collector: Recorder) -> None:
    collector.answers = [204, 403]
    with pytest.raises(Refused, match="403"):
        play_history(sender, wanted, visits_a_second=1000)
    assert kept_history().played == 1


def test_what_has_become_too_old_is_left_out(sender: Sender, wanted: History, collector: Recorder) -> None:
    aged = replace(wanted, now=wanted.now - 10 * 24 * 60 * MINUTE)
    play_history(sender, aged, visits_a_second=1000)
    fresh = [visit.session for visit in planned(aged) if visit.start > now_ms() - OLDEST]
    assert 0 < len(fresh) < len(planned(aged))
    assert sessions(collector) == fresh


def test_live_visitors_arrive_page_by_page(sender: Sender, collector: Recorder) -> None:
    failures: list[BaseException] = []

    def play() -> None:
        try:
            play_live(sender, seed=7, visitors=400, per_minute=600)
        except Stopped as stopped:
            failures.append(stopped)

    started = now_ms()
    thread = threading.Thread(target=play)
    thread.start()
    collector.wait_for(lambda: len(collector.received) >= 5)
    sender.stop.set()
    thread.join()
    assert len(failures) == 1
    for batch in collector.batches:
        assert [event.name for event in batch.events].count("pageview") == 1
        assert batch.sent is not None
        assert started < batch.events[0].at <= batch.events[-1].at <= batch.sent
    assert len({batch.visitor for batch in collector.batches}) > 1


def test_after_a_long_sleep_nothing_is_made_up_for(sender: Sender, collector: Recorder) -> None:
    play_coming(sender, trickle(seed=7, visitors=400, per_minute=2, start=now_ms() - 60 * MINUTE))
    assert collector.received == []


def test_the_command_plays_the_past_and_ends_with_once(account: int, collector: Recorder) -> None:
    output = StringIO()
    arguments = {"server": collector.url, "visitors": 10, "visits_a_second": 1000, "once": True, "stdout": output}
    call_command("demo_traffic", **arguments)
    assert kept_history().done
    assert len(collector.batches) == kept_history().played > 0
    assert "are played" in output.getvalue()
    assert all(event.url.startswith("http://testserver/demo/") for event in collector.events)


def test_without_an_account_the_command_says_what_to_do(data_folder: Path) -> None:
    with pytest.raises(CommandError, match="demo_account"):
        call_command("demo_traffic", once=True)


@pytest.mark.parametrize("server", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://127.0.0.1/path"])
def test_an_address_that_is_none_is_refused(server: str, account: int) -> None:
    with pytest.raises(CommandError, match="not an address"):
        call_command("demo_traffic", "--server", server, "--once")


def test_the_command_waits_for_the_server_and_ends_on_sigterm(
    account: int, data_folder: Path, collector: Recorder
) -> None:
    command = [sys.executable, str(MANAGE), "demo_traffic", "--server", collector.url]
    command += ["--visitors", "5", "--visits-a-second", "1000"]
    collector.ready = False
    process = subprocess.Popen(
        command, env={**os.environ, "AKTIVAT_DATA": str(data_folder)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("Waiting for")
        assert collector.received == []
        collector.ready = True
        assert "are played" in process.stdout.readline()
        assert "live" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read().startswith("Stopped")
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert kept_history().done
