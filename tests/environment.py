"""A pytest plugin, loaded before Django's settings: every test process has servers of its own.

The data folder, the ports and the addresses are chosen here and given to the settings by
environment, as an operator would; the servers start with the first test that needs them.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest

from cluster.embedded import EmbeddedServer, free_port
from tests import postgres

FOLDER = Path(tempfile.mkdtemp(prefix="aktivat-tests-"))
# Processes of one run begin looking at different places, so that they do not race for a port.
FIRST_PORT = 18_000 + os.getpid() % 1_500 * 3

DATA = EmbeddedServer(FOLDER / "cluster", free_port(FIRST_PORT), "test-password", cluster=True)
BROKER = EmbeddedServer(FOLDER / "broker", free_port(DATA.port + 1), "test-password", cluster=False)

for name in [name for name in os.environ if name.startswith("AKTIVAT_") and name != "AKTIVAT_TEST_DATABASE"]:
    del os.environ[name]
os.environ |= {
    "AKTIVAT_DATA": str(FOLDER),
    "AKTIVAT_CLUSTER": DATA.url,
    "AKTIVAT_BROKER": BROKER.url,
    "AKTIVAT_PUBLIC_URL": "http://testserver",
}

CLEANUP = ExitStack()
if os.environ.get("AKTIVAT_TEST_DATABASE") == "postgresql":
    # The processes of one run share this server: they inherit its address, and each has a database of its own.
    os.environ["AKTIVAT_TEST_DATABASE"] = CLEANUP.enter_context(postgres.running()).url
if address := os.environ.get("AKTIVAT_TEST_DATABASE"):
    os.environ["AKTIVAT_DATABASE"] = address

# No test asserts a time, hypothesis' neither.
hypothesis.settings.register_profile("aktivat", deadline=None, max_examples=60)
hypothesis.settings.load_profile("aktivat")


def start(server: EmbeddedServer) -> subprocess.Popen[bytes]:
    """Start a server and wait until it answers."""
    process = subprocess.Popen(server.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    server.wait_until_ready()
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """The data cluster and the broker of this test process."""
    processes = [start(DATA), start(BROKER)]
    yield
    for process in processes:
        stop(process)


def pytest_unconfigure() -> None:
    CLEANUP.close()
    shutil.rmtree(FOLDER, ignore_errors=True)
