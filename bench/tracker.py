"""What the tracker weighs over the wire, and the longest time it holds up a page of the demo.

The shop is opened in Chromium under a trace, its tracked elements are hovered, clicked and left, and the page is
scrolled and left. A slice is one uninterrupted run of code of the tracker's files, from the trace's own events.
The longest of each of several visits counts, and of those the median.
"""

import gzip
import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page

from bench.ground.report import last_line, quick
from tests.browser import chromium
from tests.stack import Stack, wait_for
from tracker import files

SHOP = "/demo/shop/"
VISITS, QUICK_VISITS = 5, 1
CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "v8.execute"]
RUNS = ("EvaluateScript", "FunctionCall", "v8.compile")
BARS = "core 3,000, behind it 4,000 bytes; 5 ms"


class Slice(NamedTuple):
    """Milliseconds by the clock, and of CPU time; what ran."""

    ms: float
    cpu_ms: float
    what: str


def main() -> None:
    visits = QUICK_VISITS if quick() else VISITS
    tracker = files.current()
    figures: dict[str, float | int] = {
        "gzip_bytes": len(gzip.compress(tracker.core, 9)),
        "lazy_gzip_bytes": len(gzip.compress(tracker.more, 9)),
    }
    with tempfile.TemporaryDirectory(prefix="aktivat-tracker-") as folder:
        stack = Stack(Path(folder))
        stack.start()
        try:
            wait_for(lambda: stack.send(SHOP).status == 200, 120, (Path(folder) / "up.log").read_text)
            with chromium() as browser:
                slices = [visit(browser, stack) for _ in range(visits)]
        finally:
            stack.stop()
    for found in slices:
        longest = max(found)
        print(f"{len(found):4} slices, {sum(each.ms for each in found):6.1f} ms in all; the longest", end="")
        print(f" {longest.ms:5.2f} ms, of which CPU time {longest.cpu_ms:5.2f}: {longest.what}")
    figures["longest_slice_ms"] = statistics.median(max(found).ms for found in slices)
    print(f"Bars: {BARS}")
    last_line(figures)


def visit(browser: Browser, stack: Stack) -> list[Slice]:
    """Every run of the tracker's code in one visit of the demo's shop."""
    page = browser.new_page()
    browser.start_tracing(page=page, categories=CATEGORIES)
    with page.expect_response("**/js/trackr-more.js"):
        page.goto(f"{stack.url}{SHOP}", wait_until="load")
    page.wait_for_timeout(500)
    _look_about(page)
    trace = json.loads(browser.stop_tracing())
    page.close()
    found = list(_slices(trace["traceEvents"]))
    if not found:
        raise SystemExit("The trace has no run of the tracker: the demo did not load it.")
    return found


def _look_about(page: Page) -> None:
    tracked = page.locator(".track-it")
    for place in range(min(tracked.count(), 8)):
        tracked.nth(place).hover()
        tracked.nth(place).focus()
    page.mouse.wheel(0, 2000)
    page.wait_for_timeout(1500)
    tracked.first.click()
    page.wait_for_load_state("load")
    page.wait_for_timeout(500)


def _slices(events: list[dict[str, Any]]) -> Iterator[Slice]:
    """Outermost runs of the tracker's files; within another run of them they are not counted again."""
    runs = [event for event in events if event.get("ph") == "X" and event["name"] in RUNS and _is_ours(event)]
    end: dict[tuple[int, int], float] = {}
    for event in sorted(runs, key=lambda run: (run["ts"], -run["dur"])):
        thread = (event["pid"], event["tid"])
        if event["ts"] >= end.get(thread, 0):
            end[thread] = event["ts"] + event["dur"]
            yield Slice(event["dur"] / 1000, event.get("tdur", 0) / 1000, _name(event))


def _name(event: dict[str, Any]) -> str:
    data = event["args"]["data"]
    file = str(data.get("url") or data.get("fileName")).rpartition("/")[2].partition("?")[0]
    return f"{event['name']} {file}:{data.get('columnNumber', '')}"


def _is_ours(event: dict[str, Any]) -> bool:
    data = event.get("args", {}).get("data", {})
    return "/js/trackr" in str(data.get("url", "")) or "/js/trackr" in str(data.get("fileName", ""))


if __name__ == "__main__":
    main()
