"""The peers that benchmarks compare with: ClickHouse (chdb, in a process of its own) and bitmapist. And matplotlib.

    ./aktivat bench peers      installs them into .venv/peers, about 800 MB

They have an environment of their own, because bitmapist wants an older redis-py than Aktivat, and
nobody needs them who does not measure. AKTIVAT_BENCH_PEERS names another Python that has them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.ground.servers import ROOT

FOLDER = ROOT / ".venv" / "peers"
PYTHON = Path(os.environ.get("AKTIVAT_BENCH_PEERS", FOLDER / "bin" / "python"))
WANTED = ROOT / "bench" / "peers.txt"


def version(package: str) -> str:
    """The version that is installed of a peer; empty when it is missing."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    if not PYTHON.exists():
        return ""
    done = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def require(package: str) -> str:
    """The version of a peer. Raises SystemExit with what to do when it is missing."""
    found = version(package)
    if not found:
        raise SystemExit(f"{package} is not installed, and this benchmark compares with it: run ./aktivat bench peers")
    return found


def run(module: str, arguments: Sequence[str], *, core: int | None = None) -> Any:
    """What a module of `bench.ground`, run by the peers' Python, prints as JSON on its last line."""
    bound = ["taskset", "-c", str(core)] if core is not None else []
    command = [*bound, str(PYTHON), str(ROOT / "bench" / "ground" / f"{module}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


@dataclass
class Answer:
    rows: list[list[Any]]
    seconds: float


@dataclass
class ClickHouse:
    """A ClickHouse whose tables are in `folder`. A new process for each `open` has nothing in memory."""

    folder: Path
    _process: "subprocess.Popen[str]" = field(init=False)

    @contextmanager
    def open(self) -> Iterator["ClickHouse"]:
        script = str(ROOT / "bench" / "ground" / "peer_clickhouse.py")
        self._process = subprocess.Popen(
            [str(PYTHON), script, str(self.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            yield self
        finally:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(timeout=120)

    def query(self, sql: str) -> Answer:
        """The rows, and the seconds that ClickHouse took for them. Raises RuntimeError with its words."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(sql) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("ClickHouse ended.")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return Answer(answer["rows"], answer["seconds"])


def install() -> None:
    """Make the environment and install what peers.txt names."""
    print(f"Installing {', '.join(_names())} into {FOLDER.relative_to(ROOT)} …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
    subprocess.run([str(PYTHON), "-m", "pip", "install", "--quiet", "-r", str(WANTED)], check=True)


def _names() -> list[str]:
    lines = [line.strip() for line in WANTED.read_text().splitlines()]
    return [line.partition("==")[0] for line in lines if line and not line.startswith("#")]


def main() -> None:
    if not all(map(version, _names())):
        install()
    print(json.dumps({name: version(name) for name in _names()}))


if __name__ == "__main__":
    main()
