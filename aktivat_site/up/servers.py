"""The embedded Valkey servers: which are needed, their passwords and ports, run/servers.json."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import TimeoutError

from aktivat_site.up.parts import Part
from cluster.embedded import EmbeddedServer, free_port
from cluster.heartbeats import WORKER

FIRST_PORT = 17_601
# The broker only holds wake-ups; what it loses, the sweep finds.
BROKER_FSYNC = "everysec"


@dataclass(frozen=True)
class Kind:
    """One of the two servers. `variable` names another server of the operator's, used instead."""

    name: str
    label: str
    variable: str
    cluster: bool
    appendfsync: str


DATA = Kind("cluster", "data Valkey", "AKTIVAT_CLUSTER", cluster=True, appendfsync="always")
BROKER = Kind("broker", "broker Valkey", "AKTIVAT_BROKER", cluster=False, appendfsync=BROKER_FSYNC)


def configured(kind: Kind, data: Path, first_port: int) -> EmbeddedServer:
    """The server of `kind` on the first free port from `first_port` up."""
    password = kept_password(data / "run" / f"{kind.name}.password")
    return EmbeddedServer(data / kind.name, free_port(first_port), password, kind.cluster, kind.appendfsync)


def part_of(kind: Kind, server: EmbeddedServer) -> Part:
    return Part(kind.name, kind.label, tuple(server.command()), seconds_to_stop=60)


def answers(server: EmbeddedServer) -> bool:
    """Whether it is ready now: its data is loaded, and a cluster node has its slots."""
    try:
        server.wait_until_ready(seconds=0)
    except TimeoutError:
        return False
    return True


def kept_password(path: Path) -> str:
    """The password in `path`, generated on the first start."""
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def write_addresses(data: Path, addresses: Mapping[str, str]) -> None:
    """Tell the settings of every process where the servers are."""
    _write_private(data / "run" / "servers.json", json.dumps(dict(addresses)))


def forget_addresses(data: Path) -> None:
    """After the stop, so that a command says that nothing runs instead of failing to connect."""
    (data / "run" / "servers.json").unlink(missing_ok=True)


def forget_worker(broker_url: str) -> None:
    """Remove the heartbeat that the worker of the last run left, lest it speak for the one to come."""
    with Redis.from_url(broker_url, socket_timeout=5) as client:
        client.delete(WORKER)


def _write_private(path: Path, text: str) -> None:
    """Write a file for this user only, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
