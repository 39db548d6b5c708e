"""The whole product as an operator starts it: `./aktivat up`, on free ports and its own data folder."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from pathlib import Path
from typing import Any

from redis.cluster import RedisCluster

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 240

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@dataclass
class Answer:
    status: int
    headers: "Message[str, str]"
    body: bytes


@dataclass
class Stack:
    """A running Aktivat. `folder` is its data folder."""

    folder: Path
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    environment: dict[str, str] = field(default_factory=dict)
    repository: Path = ROOT

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *options: str) -> None:
        """Start it and wait until it is ready."""
        self.port = self.port or free_web_port()
        command = [sys.executable, "aktivat", "up", "--data", str(self.folder), "--port", str(self.port), *options]
        with (self.folder / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.repository, env=self._env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for(self._ready, START_SECONDS, (self.folder / "up.log").read_text)

    def stop(self) -> None:
        """Stop it as Ctrl-C does; it must end well."""
        assert self.process is not None
        if client := self.__dict__.pop("data", None):
            client.close()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=90) == 0, (self.folder / "up.log").read_text()

    def manage(self, *arguments: str) -> str:
        """Run a management command and return what it prints."""
        command = [sys.executable, "aktivat", "manage", "--data", str(self.folder), *arguments]
        done = subprocess.run(
            command, cwd=self.repository, env=self._env(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def create_account(
        self, email: str, host: str, password: str = "correct horse battery", layout: str = "packed"
    ) -> dict[str, Any]:
        options = ("--email", email, "--password", password, "--name", "Shop", "--property", host, "--layout", layout)
        printed: dict[str, Any] = json.loads(self.manage("create_account", *options).splitlines()[-1])
        return printed

    @cached_property
    def data(self) -> Any:
        """A plain client of its data cluster (a RedisCluster; its types promise less than it keeps)."""
        servers = json.loads((self.folder / "run" / "servers.json").read_text())
        return RedisCluster.from_url(servers["cluster"])

    def pid(self, part: str) -> int:
        """The process of a part; 0 while it has none."""
        file = self.folder / "run" / f"{part}.pid"
        return int(json.loads(file.read_text())["pid"]) if file.exists() else 0

    def send(self, path: str, body: bytes | None = None, /, **headers: str) -> Answer:
        """A POST of `body`, or a GET without one."""
        request = urllib.request.Request(self.url + path, data=body, headers={"User-Agent": BROWSER, **headers})
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return Answer(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "up.log").read_text()
        try:
            return self.send("/readyz").status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AKTIVAT_", "DJANGO_"))}
        return {**kept, **self.environment}


def free_web_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(happened: Callable[[], bool], seconds: float, explain: Callable[[], str] = lambda: "") -> None:
    """Return as soon as it happened; fail with an explanation when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, explain() or "It did not happen in time."
        time.sleep(0.1)
