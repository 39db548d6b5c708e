"""The command line of `./aktivat up`. Every refusal is one sentence that says what to do.

Only the standard library, and no import of ours: ./aktivat runs this file by path before anything
is installed, and the supervisor reads it again.
"""

import argparse
import errno
import fcntl
import ipaddress
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent
HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class Options:
    host: str
    port: int
    public_url: str
    data: Path
    demo: bool

    @property
    def local_url(self) -> str:
        """How this machine reaches the web server."""
        return f"http://{in_address(reachable(self.host))}:{self.port}"


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SystemExit(f"{message[:1].upper()}{message[1:]}: ./aktivat up --help shows what can be said.")


def read(arguments: Sequence[str], environ: Mapping[str, str]) -> Options:
    """The options, checked. Raises SystemExit with a sentence."""
    parser = Parser(prog="./aktivat up", description="Start Aktivat and keep it running until Ctrl-C.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8000, help="the port to listen on (default: 8000)")
    parser.add_argument("--public-url", default="", help="how browsers reach this server, when it is another address")
    parser.add_argument("--data", default="", help="the folder that keeps everything (default: data)")
    parser.add_argument("--no-demo", action="store_true", help="start without the demo site and its visitors")
    said = parser.parse_args(arguments)
    data = said.data or environ.get("AKTIVAT_DATA", "").strip() or str(ROOT / "data")
    public = said.public_url or environ.get("AKTIVAT_PUBLIC_URL", "").strip()
    options = Options(
        host=said.host.strip("[]"),
        port=said.port,
        public_url=public_url(public, said.host.strip("[]"), said.port),
        data=Path(data).expanduser().resolve(),
        demo=not said.no_demo,
    )
    check_folder(options.data)
    with hold(options.data):
        check_port(options.host, options.port)
    return options


def public_url(said: str, host: str, port: int) -> str:
    """The address in browsers, without a final slash."""
    if not said:
        if is_wildcard(host):
            raise SystemExit(
                f"--host {host} listens on every address: say how browsers reach this server, "
                f"./aktivat up --host {host} --public-url http://stats.example.com:{port}"
            )
        return f"http://{in_address(host)}" + ("" if port == 80 else f":{port}")
    url = said.rstrip("/")
    parts = urlsplit(url)
    with suppress(ValueError):  # raised by a port that is no number; it is refused below
        if parts.scheme in ("http", "https") and parts.hostname and url == f"{parts.scheme}://{_host_and_port(url)}":
            return url
    raise SystemExit(
        f"The public URL {said} is not one: say scheme and host without a path, "
        "./aktivat up --public-url https://stats.example.com"
    )


def _host_and_port(url: str) -> str:
    """Host and port of `url`, without user, path, query and fragment. Raises ValueError for a bad port."""
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    return parts.netloc if parts.netloc.lower() == in_address(parts.hostname or "") + port else ""


def is_wildcard(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def reachable(host: str) -> str:
    """The address at which this machine reaches a server that listens on `host`."""
    if not is_wildcard(host):
        return host
    return "::1" if ":" in host else "127.0.0.1"


def in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def check_folder(data: Path) -> None:
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data / "run").mkdir(mode=0o700, exist_ok=True)
        probe = data / "run" / f"probe-{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise SystemExit(
            f"The data folder {data} cannot be written ({error.strerror}): make it yours, or choose another, "
            "./aktivat up --data DIR"
        ) from None


@contextmanager
def hold(data: Path) -> Iterator[None]:
    """Hold the data folder for this process alone. Raises SystemExit when another has it."""
    with open(data / "run" / "lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(
                f"Aktivat runs on {data} already: stop it first, or choose another folder, ./aktivat up --data DIR"
            ) from None
        yield


def check_port(host: str, port: int) -> None:
    if not 0 < port <= HIGHEST_PORT:
        raise SystemExit(f"There is no port {port}: choose one from 1024 to {HIGHEST_PORT}, ./aktivat up --port 8000")
    try:
        _bind(host, port)
    except socket.gaierror:
        raise SystemExit(f"The host {host} is not known: say an address of this machine, --host 127.0.0.1") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sentence = f"Port {port} is in use: choose another, ./aktivat up --port {_free_port_after(host, port)}"
        elif error.errno == errno.EACCES:
            sentence = f"Port {port} is for the administrator only: choose another, ./aktivat up --port 8000"
        else:
            sentence = f"{host} is not an address of this machine: say another, --host 127.0.0.1 or --host 0.0.0.0"
        raise SystemExit(sentence) from None


def _bind(host: str, port: int) -> None:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _free_port_after(host: str, port: int) -> int:
    for free in range(port + 1, HIGHEST_PORT):
        with suppress(OSError):
            _bind(host, free)
            return free
    return 8000
