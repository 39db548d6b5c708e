"""docs/sources.md names what there is, and there is what it names."""

import re
from pathlib import Path

from tracking.drops import EXPLANATIONS
from tracking.sources import google, plausible, segment
from tracking.sources.letters import Said
from tracking.sources.registry import BUILT_IN
from tracking.sources.segment_commerce import ITEM, SHOP

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PAGE = (ROOT / "docs" / "sources.md").read_text()
# Those of the wire are explained as well; its tests name them.
REASON = re.compile(r"Refused\(\s*\"(\w+)\"")


def section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def in_code(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def test_every_door_is_on_the_page_and_the_other_way_round() -> None:
    doors = {f"{method} {path}" for source in BUILT_IN for method, path in source.doors}
    assert {name for name in in_code(PAGE) if re.match(r"(GET|POST) /", name)} == doors


def test_every_source_has_its_section() -> None:
    assert [source.name for source in BUILT_IN if f"\n## {source.name}\n" not in PAGE] == []


def test_the_fields_of_the_api_are_those_on_the_page() -> None:
    rows = [line.split("|")[1] for line in section("The HTTP API").splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in in_code(row)} == set(Said.__struct_fields__)


def test_segments_events_are_those_on_the_page() -> None:
    shop = section("Segment").split("Of a shop")[1]
    pairs: dict[str, str] = {}
    for line in shop.splitlines():
        if line.startswith("| `"):
            theirs, ours = (re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:3])
            pairs |= dict(zip(theirs, ours, strict=True))
    assert pairs == SHOP
    named = in_code(section("Segment"))
    assert {*ITEM.values(), *segment.ACCOUNT_EVENTS, *segment.ACCOUNT_EVENTS.values()} - {"price", "quantity"} - {
        "coupon",
        "sku",
        "discount",
    } <= named
    assert segment.KINDS.keys() <= named


def test_what_the_others_call_their_events_is_on_the_page() -> None:
    assert {*plausible.OWN, *plausible.OWN.values()} <= in_code(section("Plausible"))
    assert {*google.NAMES, *google.NAMES.values()} <= in_code(section("GA4 Measurement Protocol"))


def test_every_reason_is_explained() -> None:
    files = [ROOT / "tracking" / "directory.py", *(ROOT / "tracking" / "sources").glob("*.py")]
    reasons = {reason for file in files for reason in REASON.findall(file.read_text())}
    assert "no_visitor" in reasons
    assert sorted(reasons - EXPLANATIONS.keys() - {"unknown_host"}) == [], "unknown hosts have a list of their own"
