"""The files that browsers load are what the modules make, and as small as promised."""

import gzip

import pytest

from tracker import build


@pytest.mark.parametrize("name", build.FILES)
def test_the_built_file_is_what_the_modules_make(name: str) -> None:
    assert (build.BUILT / name).read_text() == build.built(name), "run python -m tracker.build"


@pytest.mark.parametrize(("name", "most"), [("trackr.js", 3_000), ("trackr-more.js", 4_000)])
def test_the_size_of_what_goes_over_the_wire(name: str, most: int) -> None:
    assert len(gzip.compress((build.BUILT / name).read_bytes(), 9)) <= most


@pytest.mark.parametrize("name", build.FILES)
def test_every_module_is_in_a_file(name: str) -> None:
    frame = build.ROOT / build.FRAMES[name]
    assert {path.stem for path in frame.parent.glob("*.js")} == {*build.FILES[name], frame.stem}
