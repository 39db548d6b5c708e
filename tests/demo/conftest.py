"""The demo in a data folder of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from demo import account
from demo.account import Demo
from tests.tracker.recorder import Recorder


@pytest.fixture
def data_folder(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def demo(db: None, data_folder: Path, static_files: None) -> Demo:
    return account.ensure()


@pytest.fixture
def collector() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.close()
