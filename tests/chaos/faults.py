"""A process that dies, or is overtaken by another, at a chosen network call.

    send 1   send 2   send 3           a call is one send on a connection to Valkey: a command, or a pipeline as a whole
             │  │  │
             │  │  └ AFTER    the server has it all and has done it; the process has not seen the reply
             │  └ AMID        of a pipeline, the server has the first half
             └ BEFORE         the server has nothing of it

Reading a reply changes nothing that outlives the process, so dying before a reply is read and dying after it
are AFTER both. What a process does between two calls, such as writing files, is between AFTER and the next BEFORE.

Once dead, the process says nothing more: whatever its `finally` blocks try to send raises Killed as well. At the end
its connections are closed, as the kernel does it.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest
from redis.connection import AbstractConnection

_send: Any = AbstractConnection.send_packed_command
_greet: Any = AbstractConnection.on_connect_check_health


class Killed(BaseException):
    """The process is dead. No `except Exception` catches it, as none would catch a real death."""


class Moment(StrEnum):
    """When during a call the process dies."""

    BEFORE = "before"
    AMID = "amid"
    AFTER = "after"


@dataclass(frozen=True)
class Point:
    """Where to die: at call `number`, counted from 1."""

    number: int
    moment: Moment


@dataclass(frozen=True)
class Overtaken:
    """Before call `number`, from 1, `by` happens: all that another worker does, while this one is held up."""

    number: int
    by: Callable[[], object]


@dataclass
class Watched:
    """What was seen of the process: how many calls it made, which were pipelines, and whether it died."""

    dies: Point | None
    overtaken: "Overtaken | None"
    calls: int = 0
    pipelines: set[int] = field(default_factory=set)
    dead: bool = False
    _is_silent: bool = False  # what is sent now is no call of the process
    _connections: dict[int, AbstractConnection] = field(default_factory=dict)

    def send(self, connection: AbstractConnection, command: Any, check_health: bool = True) -> None:
        """In place of the connection's own. Raises Killed."""
        if self.dead:
            raise Killed
        self._connections[id(connection)] = connection
        if self._is_silent:
            _send(connection, command, check_health)
            return
        if not connection._sock:
            connection.connect()
        self.calls += 1
        packed = command if isinstance(command, bytes) else b"".join(command)
        if packed.count(b"\r\n*") > 1:
            self.pipelines.add(self.calls)
        if self.overtaken and self.calls == self.overtaken.number:
            self._is_silent = True
            self.overtaken.by()
            self._is_silent = False
        if self.dies and self.calls == self.dies.number:
            self._die(connection._sock, packed, self.dies.moment)
        _send(connection, command, check_health)

    def _die(self, server: Any, packed: bytes, moment: Moment) -> None:
        """Send a part, and wait until the server has done what it got and hung up."""
        self.dead = True
        part = {Moment.BEFORE: 0, Moment.AMID: len(packed) // 2, Moment.AFTER: len(packed)}[moment]
        server.sendall(packed[:part])
        server.shutdown(socket.SHUT_WR)
        while server.recv(65_536):
            """The reply, which nobody sees."""
        raise Killed

    def greet(self, connection: AbstractConnection, check_health: bool = True) -> None:
        """In place of the connection's own introduction when it connects: no call of the process."""
        silent, self._is_silent = self._is_silent, True
        try:
            _greet(connection, check_health)
        finally:
            self._is_silent = silent

    def bury(self) -> None:
        """Close every connection that the process had."""
        for connection in self._connections.values():
            connection.disconnect()


@contextmanager
def watched(dies: Point | None = None, overtaken: Overtaken | None = None) -> Iterator[Watched]:
    """Count the calls of what happens inside; let it die at a point, which ends the block but raises nothing."""
    process = Watched(dies, overtaken)

    def send(connection: AbstractConnection, command: Any, check_health: bool = True) -> None:
        process.send(connection, command, check_health)

    def greet(connection: AbstractConnection, check_health: bool = True) -> None:
        process.greet(connection, check_health)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AbstractConnection, "send_packed_command", send)
        patch.setattr(AbstractConnection, "on_connect_check_health", greet)
        try:
            with suppress(Killed):
                yield process
        finally:
            if process.dead:
                process.bury()


def points(seen: Watched) -> list[Point]:
    """Every point at which a process that does what this one did can die."""
    every = [Point(number, moment) for number in range(1, seen.calls + 1) for moment in Moment]
    # Half of a single command is no command.
    return [point for point in every if point.moment is not Moment.AMID or point.number in seen.pipelines]
