from pathlib import Path

import pytest

from tests.tracking.archive.material import BreakingStore


@pytest.fixture
def store(tmp_path: Path) -> BreakingStore:
    return BreakingStore(str(tmp_path / "archive"))
