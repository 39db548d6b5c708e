"""One child process, without the rest of the supervisor."""

import os
import sys
from pathlib import Path

import pytest

from aktivat_site.up.children import LARGEST_LOG, Backoff, Child, cap, last_line
from aktivat_site.up.parts import Part
from aktivat_site.up.recovery import end_leftovers, identity, write_pid_file
from tests.aktivat_site.processes import alive, family
from tests.stack import wait_for

WITH_A_CHILD = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print('started', flush=True); time.sleep(600)"
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


def child(data: Path, code: str) -> Child:
    return Child(Part("part", "part", (sys.executable, "-c", code)), data, os.environ)


def pid_of(child: Child) -> int:
    assert child._process is not None
    return child._process.pid


def test_the_pause_doubles_and_a_minute_of_health_forgets_it() -> None:
    backoff = Backoff()
    assert [backoff.pause(5) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert [backoff.pause(60), backoff.pause(5)] == [1, 2]


def test_when_it_ends_nothing_of_it_stays(data: Path) -> None:
    part = child(data, WITH_A_CHILD)
    part.start()
    wait_for(lambda: last_line(part.log) == "started", 30)
    below = family(pid_of(part))
    assert len(below) == 2
    part.ask_to_stop()
    wait_for(lambda: part.ended() == -15, 30)
    wait_for(lambda: not alive(below), 30)
    assert list((data / "run").iterdir()) == []


def test_it_can_start_again_and_goes_on_in_its_log(data: Path) -> None:
    part = child(data, "print('once')")
    for _ in range(2):
        part.start()
        wait_for(lambda: part.ended() == 0, 30)
    assert part.log.read_text() == "once\nonce\n"


def test_the_leftovers_of_a_killed_supervisor_are_ended(data: Path) -> None:
    part = child(data, WITH_A_CHILD)
    part.start()
    wait_for(lambda: last_line(part.log) == "started", 30)
    below = family(pid_of(part))
    reaper = part._process
    assert reaper is not None
    assert end_leftovers(data / "run") == ["part"]
    reaper.wait()
    wait_for(lambda: not alive(below), 30)


def test_a_pid_that_belongs_to_somebody_else_by_now_is_left_alone(data: Path) -> None:
    part = child(data, "import time; time.sleep(600)")
    part.start()
    file = data / "run" / "part.pid"
    file.write_text(file.read_text().replace('"identity": "', '"identity": "1'))
    assert end_leftovers(data / "run") == []
    assert part.is_running
    assert not file.exists()
    part.kill()


def test_half_a_pid_file_harms_nobody(data: Path) -> None:
    (data / "run" / "part.pid").write_text('{"pid": 1')
    assert end_leftovers(data / "run") == []


def test_identity_tells_processes_apart(data: Path) -> None:
    write_pid_file(data / "run" / "self.pid", os.getpid())
    assert identity(os.getpid())
    assert identity(os.getpid()) != identity(os.getppid())


def test_a_large_log_is_cut_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab") as writer:
        writer.write(b"x" * (LARGEST_LOG + 1))
        writer.flush()
        cap(log)
        writer.write(b"more\n")
    assert log.read_text() == "more\n"
    assert (tmp_path / "web.log.1").stat().st_size == LARGEST_LOG + 1
