"""The Python client: nothing is lost or sent out of order, whatever servers, queues and processes do."""

import gzip
import json
import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from aktivat_client import Client
from tests.stack import ROOT, wait_for

CLIENT = ROOT / "clients" / "python"


class Server(ThreadingHTTPServer):
    """Answers with the next of `answers`, afterwards 202, and keeps what it took."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, dict[str, str], object]] = []
        self.asked = self.largest = 0
        self.taken: list[dict[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.may_answer = threading.Event()
        self.may_answer.set()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        text = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
        body, self.server.largest = json.loads(text), max(self.server.largest, len(text))
        self.server.may_answer.wait(20)
        self.server.asked += 1
        status, headers, said = self.server.answers.pop(0) if self.server.answers else (202, {}, {"errors": []})
        if status == 202:
            self.server.taken.extend(body["events"])
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        reply = json.dumps(said).encode()
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.may_answer.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    client = Client(server.url, "akw_test", flush_seconds=0.05)
    yield client
    client.close(5)


def test_after_failures_everything_comes_in_order(server: Server, client: Client) -> None:
    server.answers = [(503, {}, {}), (429, {"Retry-After": "1"}, {}), (500, {}, {})]
    for number in range(3):
        assert client.track("step", user="u", attributes={"number": number})
    assert client.flush(30)
    assert server.asked == 4
    assert [event["attributes"]["number"] for event in server.taken] == [0, 1, 2]
    assert len({event["id"] for event in server.taken}) == 3


def test_a_server_that_is_not_there_yet() -> None:
    server = Server()
    client = Client(server.url, "akw_test", flush_seconds=0.01, timeout=0.2)
    assert client.track("early", user="u")
    assert not client.flush(0.5)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        assert client.flush(30)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert "early" in [event["name"] for event in server.taken]


def test_what_is_refused_is_told_and_stops_nothing(server: Server) -> None:
    told: list[tuple[Sequence[Any], str, str]] = []
    client = Client(server.url, "akw_test", flush_seconds=0.05, on_refused=lambda *said: told.append(said))
    server.answers = [(401, {"X-Aktivat-Reason": "unknown_key"}, {"detail": "There is no such key."})]
    client.track("one", user="u", id="a")
    assert client.flush(10)
    server.answers = [(202, {}, {"errors": [{"event": 1, "reason": "bad_schema", "detail": "wrong"}]})]
    client.track("two", user="u")
    client.track("", user="u", id="b")
    assert client.close(10)
    assert [(events[0]["id"], reason, detail) for events, reason, detail in told] == [
        ("a", "unknown_key", "There is no such key."),
        ("b", "bad_schema", "wrong"),
    ]


def test_what_is_no_json_is_told_at_once(server: Server) -> None:
    told: list[str] = []
    client = Client(server.url, "akw_test", on_refused=lambda events, reason, detail: told.append(reason))
    assert not client.track("one", user="u", attributes={"value": float("nan")})
    assert told == ["bad_json"]
    assert client.close(5)


def test_a_full_queue_says_so(server: Server) -> None:
    server.may_answer.clear()
    client = Client(server.url, "akw_test", flush_seconds=0.01, queue_size=5)
    assert [client.track("many", user="u") for _ in range(7)] == [True] * 5 + [False] * 2
    server.may_answer.set()
    assert client.flush(10)
    assert client.track("again", user="u")
    assert client.close(10)
    assert len(server.taken) == 6


def test_no_request_is_larger_than_the_server_takes(server: Server, client: Client) -> None:
    for _ in range(1_200):
        client.track("many", user="u")
    for _ in range(4):
        client.track("large", user="u", attributes={"text": "x" * 400_000})
    assert client.flush(30)
    assert len(server.taken) == 1_204
    assert server.asked >= 4
    assert server.largest < 1 << 20


def test_the_end_of_a_program_waits_for_what_is_queued(server: Server) -> None:
    program = (
        "from aktivat_client import Client\n"
        f"client = Client({server.url!r}, 'akw_test', flush_seconds=30)\n"
        "assert client.track('last', user='u')\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=CLIENT, check=True, timeout=30)
    assert [event["name"] for event in server.taken] == ["last"]


def _in_a_child(client: Client) -> None:
    client.track("of the child", user="u")
    assert client.flush(10)


def test_a_child_after_a_fork_sends_its_own(server: Server) -> None:
    client = Client(server.url, "akw_test", flush_seconds=1.5)
    client.track("of the parent", user="u")
    child = multiprocessing.get_context("fork").Process(target=_in_a_child, args=(client,))
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert client.close(10)
    wait_for(lambda: len(server.taken) == 2, 10)
    assert sorted(event["name"] for event in server.taken) == ["of the child", "of the parent"]
