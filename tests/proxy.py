"""A small TCP proxy that can cut a connection after a command has run and before its reply arrives."""

import socket
import threading
from collections.abc import Callable

EXEC = b"\r\n$4\r\nEXEC\r\n"


class CuttingProxy:
    """Forwards to `target`; `cuts(n)` says whether the n-th EXEC (from 1) loses its reply."""

    def __init__(self, target: int, cuts: Callable[[int], bool]) -> None:
        self.target = target
        self.cuts = cuts
        self.executed = 0
        self.cut = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            _hang_up(connection)
        for thread in self._threads:
            thread.join()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            self._open |= {client, server}
            state = {"cut": False}
            for work in (self._forward, self._answer):
                thread = threading.Thread(target=work, args=(client, server, state))
                self._threads.append(thread)
                thread.start()

    def _forward(self, client: socket.socket, server: socket.socket, state: dict[str, bool]) -> None:
        """From the client to the server, watching for EXEC."""
        tail = b""
        while data := _receive(client):
            if EXEC in tail + data:
                self.executed += 1
                state["cut"] = self.cuts(self.executed)
            tail = data[-len(EXEC) + 1 :]
            _send(server, data)
        _hang_up(server)

    def _answer(self, client: socket.socket, server: socket.socket, state: dict[str, bool]) -> None:
        """From the server to the client; the reply to an EXEC that is to be cut ends both ways."""
        while data := _receive(server):
            if state["cut"] and b"QUEUED\r\n" not in data[-10:]:
                self.cut += 1
                break
            _send(client, data)
        _hang_up(client)
        _hang_up(server)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except OSError:
        return b""


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        _hang_up(connection)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
