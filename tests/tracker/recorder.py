"""A small server on a free port: it serves pages and trackr.js, and keeps every batch that is posted to it.

What arrives is decoded as the collector decodes it, so a batch that the collector would refuse is
kept as a fault, and `close` raises it.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tracking import wire

SCRIPTS = Path(__file__).resolve().parents[2] / "static" / "js"
TRACKER, MORE = SCRIPTS / "trackr.js", SCRIPTS / "trackr-more.js"
PATIENCE = 20.0
NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Received:
    """A batch, where it was posted, and the headers it came with."""

    target: str
    headers: dict[str, str]
    batch: wire.Batch


def told(event: wire.WireEvent) -> dict[str, Any]:
    """The attributes, of whatever type."""
    return dict(event.attributes)


class Recorder:
    def __init__(self, host: str = "127.0.0.1") -> None:
        self.pages: dict[str, str] = {}
        self.not_found = ""
        self.page_headers: dict[str, str] = {}
        # The answers to the next posts; afterwards 204. 0 takes the batch and hangs up without an answer.
        self.answers: list[int] = []
        # Whether what the tracker loads behind the page is there; without it only the core is seen.
        self.has_more = False
        # What /readyz says.
        self.ready = True
        self.received: list[Received] = []
        self.refused: list[int] = []
        self.faults: list[Exception] = []
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer((host, 0), handler_for(self))
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self.faults:
            raise ExceptionGroup("The recorder met faults", self.faults)

    def take(self, target: str, headers: dict[str, str], body: bytes) -> int:
        """Keep what was posted; the status to answer."""
        with self._news:
            status = self.answers.pop(0) if self.answers else 204
            try:
                if status < 300:
                    self.received.append(Received(target, headers, wire.decode(body)))
                else:
                    self.refused.append(status)
            except wire.Refused as error:
                self.faults.append(error)
                status = error.status
            self._news.notify_all()
        return status

    def page(self, path: str) -> str | None:
        return self.pages.get(path)

    @property
    def batches(self) -> list[wire.Batch]:
        with self._news:
            return [item.batch for item in self.received]

    @property
    def events(self) -> list[wire.WireEvent]:
        return [event for batch in self.batches for event in batch.events]

    def named(self, name: str) -> list[wire.WireEvent]:
        return [event for event in self.events if event.name == name]

    def wait_for(self, what: Callable[[], bool]) -> None:
        """Until `what` holds; fails, with what has arrived, when it does not come true."""
        with self._news:
            arrived = self._news.wait_for(lambda: what() or bool(self.faults), timeout=PATIENCE)
        if self.faults or not arrived:
            raise AssertionError(f"Not what was waited for: {self.faults or self.events}")

    def wait_for_events(self, name: str, count: int = 1) -> list[wire.WireEvent]:
        self.wait_for(lambda: len(self.named(name)) >= count)
        return self.named(name)


def handler_for(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            page = recorder.page(path)
            if path == "/js/trackr.js":
                self.answer(200, TRACKER.read_bytes(), "text/javascript")
            elif path == "/js/trackr-more.js":
                self.answer(200, MORE.read_bytes() if recorder.has_more else b"", "text/javascript")
            elif page is not None:
                self.answer(200, page.encode(), "text/html; charset=utf-8", recorder.page_headers)
            elif path == "/readyz":
                self.answer(200 if recorder.ready else 503, b"{}", "application/json")
            else:
                self.answer(404, recorder.not_found.encode(), "text/html; charset=utf-8")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(recorder.take(self.path, dict(self.headers.items()), body), b"", "text/plain")

        def do_OPTIONS(self) -> None:
            recorder.faults.append(AssertionError(f"A preflight for {self.path}: batches must go as simple requests."))
            self.answer(400, b"", "text/plain")

        def answer(self, status: int, body: bytes, content_type: str, more: Mapping[str, str] = NO_HEADERS) -> None:
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Access-Control-Allow-Origin", "*")
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: what went wrong is in `faults`."""

    return Handler
