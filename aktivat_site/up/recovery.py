"""Which process is it? A pid alone does not say: the system gives it to somebody else later.

Each child has a pid file with what the system tells about the process. After a supervisor was
killed, the next one ends what it left running, and only that.
"""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

SECONDS_TO_END = 10


def identity(pid: int) -> str:
    """When process `pid` began, and its command; empty when there is none."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        # After the name, which stands in parentheses and may hold anything: field 3 is the state, 22 the start.
        fields = stat.read_text().rpartition(")")[2].split()
        return "" if fields[0] == "Z" else f"{fields[19]} {Path(f'/proc/{pid}/cmdline').read_text()}"
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return ""
    done = subprocess.run(
        ["ps", "-o", "lstart=,command=", "-p", str(pid)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    return done.stdout.decode(errors="replace").strip()


def write_pid_file(path: Path, pid: int) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps({"pid": pid, "identity": identity(pid)}))


def end_leftovers(folder: Path) -> list[str]:
    """End the processes that pid files in `folder` still name; the names of those that ran."""
    ended = []
    for path in sorted(folder.glob("*.pid")):
        pid = _pid_of_ours(path)
        if pid:
            ended.append(path.stem)
            _end(pid)
        path.unlink(missing_ok=True)
    return ended


def _pid_of_ours(path: Path) -> int | None:
    try:
        noted = json.loads(path.read_text())
        pid, was = int(noted["pid"]), str(noted["identity"])
    except (ValueError, KeyError, TypeError):
        return None  # half a file: the supervisor was killed while it wrote
    return pid if was and identity(pid) == was else None


def _end(pid: int) -> None:
    """Ask the process to stop, then end its whole group."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + SECONDS_TO_END
        while identity(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
