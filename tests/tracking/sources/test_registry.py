"""Which sources there are: the built-in ones, and those of packages that are installed beside Aktivat."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tracking.admission import Grant
from tracking.sources import registry
from tracking.sources.interface import Outcome, Reading, Reply, Request, Who

PACKAGE = """
from tests.tracking.sources.test_registry import Echo

SOURCE = Echo([("POST", "/echo")])
"""


class Echo:
    name = "Echo"
    most_bytes = 1000

    def __init__(self, doors: Sequence[tuple[str, str]]) -> None:
        self.doors = doors

    def who(self, request: Request) -> Who:
        return None

    def read(self, request: Request, place: Grant | None) -> Reading:
        return Reading()

    def answer(self, request: Request, outcome: Outcome) -> Reply:
        return Reply(200, request.body)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with a source, as pip would have installed it."""
    (tmp_path / "echo_source.py").write_text(PACKAGE)
    about = tmp_path / "echo_source-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: echo-source\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{registry.GROUP}]\necho = echo_source:SOURCE\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "echo_source", raising=False)


def test_a_package_adds_a_source(package: None) -> None:
    found = registry.installed()
    assert found[("POST", "/echo")].name == "Echo"
    assert found.keys() - {("POST", "/echo")} == registry.doors(registry.BUILT_IN).keys()


def test_without_one_there_are_the_built_in_ones() -> None:
    assert registry.installed() == registry.doors(registry.BUILT_IN)


@pytest.mark.parametrize(
    "door",
    [
        ("POST", "/track/it"),
        ("GET", "/track/it"),
        ("POST", "/v1/track"),
        ("GET", "/"),
        ("GET", "/metrics"),
        ("POST", "/api/v1/properties/1"),
        ("GET", "echo"),
        ("DELETE", "/echo"),
    ],
)
def test_nobody_takes_a_door_of_another(door: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="is taken, or no door"):
        registry.doors([*registry.BUILT_IN, Echo([door])])
