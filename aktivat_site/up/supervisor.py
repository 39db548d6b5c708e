"""Starts the parts in order, watches them, stops them in order."""

import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO

from aktivat_site.up import parts, readiness, servers
from aktivat_site.up.children import Child, cap, last_line
from aktivat_site.up.console import Console
from aktivat_site.up.options import ROOT, Options, is_wildcard
from aktivat_site.up.parts import Part
from aktivat_site.up.recovery import end_leftovers
from aktivat_site.up.signals import Signals, StopAsked

# A large append-only file takes a while to load; a web server or worker that takes this long is stuck.
SECONDS_FOR_VALKEY = 900
SECONDS_FOR_OTHERS = 120
ATTEMPTS_AT_A_PORT = 5
SECONDS_BETWEEN_LOG_CHECKS = 60
HURRIED_SECONDS = 2
MOST_OPEN_FILES = 65_536


class StartFailed(Exception):
    """A part did not start. The text is one sentence that says where to look."""


class Supervisor:
    def __init__(self, options: Options, console: Console) -> None:
        self.options = options
        self.console = console
        self.signals = Signals()
        self.environ = environment(options)
        self.children: list[Child] = []
        self.addresses = {"web": options.local_url}
        self._next_log_check = 0.0

    def run(self) -> int:
        """Until somebody asks to stop. The exit code: 0, or 1 when a part did not start."""
        raise_file_limit()
        code = 0
        try:
            self._start()
            while True:
                self._tick()
                self.signals.pause(0.2 if self._is_unsettled() else 1.0)
        except StopAsked:
            self.console.say("\nStopping; once more stops at once.")
        except (StartFailed, OSError) as error:
            self.console.say(f"\n{error}")
            code = 1
        finally:
            self._stop()
        self.console.say("Stopped. The data stays.")
        return code

    # --- Starting ---------------------------------------------------------------------------------

    def _start(self) -> None:
        data = self.options.data
        self.console.say(f"Aktivat, with its data in {data}")
        for name in end_leftovers(data / "run"):
            self.console.say(f"  {name} was still running after the last time; ended")
        for kind in (servers.DATA, servers.BROKER):
            self._start_server(kind)
        servers.write_addresses(data, self.addresses)
        self._run_step("database", parts.manage("migrate", "--noinput", "--verbosity", "1"), "up to date")
        self._run_step("static files", parts.manage("collectstatic", "--noinput", "--verbosity", "0"), "collected")
        self._start_web_and_worker()
        login = self._start_demo() if self.options.demo else ""
        self.console.say(f"\nAktivat runs at {self.options.public_url}/\n{login}Ctrl-C stops it.")

    def _start_server(self, kind: servers.Kind) -> None:
        if elsewhere := os.environ.get(kind.variable, "").strip():
            self.addresses[kind.name] = elsewhere
            self.console.say(f"  {kind.label:<14} {kind.variable} names another; none started")
            return
        port = servers.FIRST_PORT
        with self.console.part(kind.label) as line:
            for _ in range(ATTEMPTS_AT_A_PORT):
                server = servers.configured(kind, self.options.data, port)
                cap(server.log_file)
                child = Child(servers.part_of(kind, server), self.options.data, self.environ)
                child.is_ready = lambda server=server: servers.answers(server)  # type: ignore[misc]
                if self._comes_up(child, SECONDS_FOR_VALKEY):
                    break
                port = server.port + 1  # somebody else may have taken the port meanwhile
            else:
                raise StartFailed(
                    f"The {kind.label} does not start; see {server.log_file}: {last_line(server.log_file)}"
                )
            self.addresses[kind.name] = server.url
            line.words = f"ready on 127.0.0.1:{server.port}"

    def _run_step(self, name: str, command: tuple[str, ...], words: str, output: IO[bytes] | None = None) -> None:
        """Run one command to its end. What it prints goes to `output`, else to its log."""
        child = Child(Part(name.replace(" ", "-"), name, command, 30), self.options.data, self.environ)
        with self.console.part(name) as line:
            self.children.append(child)
            child.start(output)
            while (code := child.ended()) is None:
                self.signals.pause(0.2)
            self.children.remove(child)
            if code != 0:
                why = last_line(child.log).rpartition("ImproperlyConfigured: ")[2] or f"exit code {code}"
                raise StartFailed(f"The step “{name}” failed: {why} (see {child.log})")
            line.words = words

    def _start_web_and_worker(self) -> None:
        url = self.options.local_url
        worker = Child(parts.worker(), self.options.data, self.environ)
        if not os.environ.get(servers.BROKER.variable, "").strip():
            servers.forget_worker(self.addresses["broker"])
        with self.console.part("web"):
            web = Child(parts.web(self.options), self.options.data, self.environ)
            web.is_ready = lambda: readiness.is_alive(url)
            if not self._comes_up(web, SECONDS_FOR_OTHERS, beside=worker):
                raise StartFailed(f"The web server does not start; see {web.log}: {last_line(web.log)}")
        with self.console.part("worker"):
            if not self._wait_for(lambda: readiness.is_ready(url), worker, SECONDS_FOR_OTHERS):
                missing = readiness.what_is_missing(url)
                raise StartFailed(f"Aktivat does not get ready ({missing}); see {worker.log} and {web.log}")
        with self.console.part("slow worker") as line:
            self._launch(Child(parts.slow_worker(), self.options.data, self.environ))
            line.words = "started"

    def _start_demo(self) -> str:
        """Start the demo's visitors; the lines that tell the login."""
        # What this prints goes past the log: the password is told once and kept nowhere.
        with tempfile.TemporaryFile() as output:
            self._run_step("demo account", parts.manage("demo_account"), "ready", output)
            output.seek(0)
            account = json.loads(output.read().splitlines()[-1])
        with self.console.part("demo visitors") as line:
            self._launch(Child(parts.demo_traffic(self.options), self.options.data, self.environ))
            line.words = "on their way"
        if "password" in account:
            login = f"{account['email']} with the password {account['password']} (shown this once)"
        else:
            folder = "" if self.options.data == ROOT / "data" else f"--data {self.options.data} "
            login = f"{account['email']}; a new password: ./aktivat manage {folder}changepassword {account['email']}"
        return f"  Demo site  {self.options.public_url}/demo/\n  Log in as  {login}\n"

    def _comes_up(self, child: Child, seconds: float, beside: Child | None = None) -> bool:
        """Start `child` (and another at its side) and wait until it is ready; False when it ends before."""
        self._launch(child)
        if beside:
            self._launch(beside)
        if self._wait_for(child.is_ready, child, seconds):
            return True
        child.kill()
        self.children.remove(child)
        return False

    def _wait_for(self, condition: Callable[[], bool], child: Child, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if child.ended() is not None or time.monotonic() > deadline:
                return False
            self.signals.pause(0.1)
        return True

    def _launch(self, child: Child) -> None:
        self.children.append(child)
        child.start()

    # --- Watching ---------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Look after every child. Servers come first in the list, and the others wait for them."""
        now = time.monotonic()
        servers_are_ready = True
        for child in self.children:
            is_server = child.part.name in (servers.DATA.name, servers.BROKER.name)
            if (code := child.ended()) is not None:
                pause = child.pause_before_next_start()
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                self.console.say(f"  {child.part.label} ended ({how}); starts again in {pause:.0f} s; see {child.log}")
            elif not child.is_running and now >= child.start_at and (is_server or servers_are_ready):
                child.start()
                child.is_settled = False
            elif child.is_running and not child.is_settled and child.is_ready():
                child.is_settled = True
                self.console.say(f"  {child.part.label} runs again")
            if is_server and not (child.is_running and child.is_settled):
                servers_are_ready = False
        if now >= self._next_log_check:
            self._next_log_check = now + SECONDS_BETWEEN_LOG_CHECKS
            for child in self.children:
                cap(child.log)

    def _is_unsettled(self) -> bool:
        return not all(child.is_running and child.is_settled for child in self.children)

    # --- Stopping ---------------------------------------------------------------------------------

    def _stop(self) -> None:
        """Stop every child in order, each with its time to finish; a second request takes that time away."""
        for name in parts.STOP_ORDER:
            for child in [child for child in self.children if child.part.name == name]:
                self._stop_child(child)
        for child in self.children:  # a step that was under way
            self._stop_child(child)
        servers.forget_addresses(self.options.data)

    def _stop_child(self, child: Child) -> None:
        began = time.monotonic()
        child.ask_to_stop()
        while child.is_running and time.monotonic() - began < self._patience(child):
            self.signals.wait(0.2)
        if child.is_running:
            self.console.say(f"  {child.part.label} did not stop by itself; ended")
            child.kill()
        child.ended()

    def _patience(self, child: Child) -> float:
        return child.part.seconds_to_stop if self.signals.stops <= 1 else HURRIED_SECONDS


def environment(options: Options) -> Mapping[str, str]:
    """What the children's settings read."""
    hosts = [os.environ.get("AKTIVAT_ALLOWED_HOSTS", ""), "" if is_wildcard(options.host) else options.host]
    return {
        **os.environ,
        "AKTIVAT_DATA": str(options.data),
        "AKTIVAT_RUN": str(options.data / "run"),
        "AKTIVAT_PUBLIC_URL": options.public_url,
        "AKTIVAT_ALLOWED_HOSTS": ",".join(host for host in hosts if host),
        "DJANGO_SETTINGS_MODULE": "aktivat_site.settings",
        "PYTHONUNBUFFERED": "1",
        # Threads would each keep an arena of freed memory.
        "MALLOC_ARENA_MAX": "2",
    }


def raise_file_limit() -> None:
    """Each held poll and socket is an open file, and the usual limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN_FILES)
    if soft < wanted:
        with suppress(OSError, ValueError):  # a system with a lower limit of its own keeps it
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
