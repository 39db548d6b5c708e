"""docs/tracker.md says what there is: every option, call and event in it exists, and the other way round."""

import re

import pytest
from playwright.sync_api import Page

from tests.stack import ROOT
from tests.tracker.recorder import Recorder
from tracker import build

PAGE = (ROOT / "docs" / "tracker.md").read_text()
SOURCE = "\n".join(build.source(name) for name in build.FILES)


def section(title: str) -> str:
    level = title.partition(" ")[0]
    return re.split(rf"\n#{{1,{len(level)}}} ", PAGE.partition(f"\n{title}\n")[2])[0]


def rows(title: str) -> list[list[str]]:
    """The cells of a table, its head left out."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_option() -> None:
    told = {cells[0].strip("`"): cells[1] for cells in rows("## Options")}
    used = set(re.findall(r"options\.(\w+)", SOURCE)) - {"options"}
    assert used | {"sessionCookieName", "v_visitorCookieName", "visitorCookieName"} == set(told)
    defaults = dict(re.findall(r"^  (\w+): (.+?),?$", SOURCE[SOURCE.index("DEFAULTS = {") :].partition("};")[0], re.M))
    assert {name: f"`{value}`" for name, value in defaults.items() if name != "serverUrl"} == {
        name: told[name] for name in defaults if name != "serverUrl"
    }


def test_every_call(page: Page, site: Recorder, collector: Recorder) -> None:
    page.goto(site.url)
    page.wait_for_function("window.trackr")
    there = set(page.evaluate("Object.keys(trackr)"))
    assert there == set(re.findall(r"trackr\.(\w+)\(", PAGE))


def test_every_example_runs(page: Page, site: Recorder, collector: Recorder) -> None:
    page.goto(site.url)
    page.wait_for_function("window.trackr")
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.evaluate("window.showFilm = () => {}, null")
    examples = re.findall(r"```js\n(.*?)```", PAGE, re.S)
    for example in examples:
        if "consent" not in example:
            page.evaluate(example)
    assert len(examples) == 8
    collector.wait_for_events("refund")
    assert {
        "signup",
        "login",
        "user_update",
        "logout",
        "Film seen",
        "Donation",
        "interest",
        "exposure",
        "conversion",
    } <= {event.name for event in collector.events}


@pytest.mark.parametrize("name", [cells[0].strip("`") for cells in rows("### What is tracked behind the page")])
def test_every_event(name: str) -> None:
    assert f'"{name}"' in SOURCE
