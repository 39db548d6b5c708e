from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from properties.models import LayoutName


@pytest.fixture(params=list(LayoutName))
def layout(request: pytest.FixtureRequest) -> LayoutName:
    return LayoutName(request.param)


@pytest.fixture(autouse=True)
def archive_folder(settings: Settings, tmp_path: Path) -> None:
    settings.ARCHIVE = str(tmp_path / "archive")
