"""The page of how it grows says what its figures say, and the model gives what it was made of."""

import json
import math
import random
from typing import Any

import pytest
from pyroaring import BitMap

from bench import scaling
from bench.ground import growth, growth_page
from bench.ground.spectrum import GRANULARITIES
from tests.bench.test_scripts import run


@pytest.fixture
def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(scaling.FIGURES.read_text())
    return found


def test_the_page_says_what_the_figures_say(report: dict[str, Any]) -> None:
    """After a new measurement: ./aktivat bench scaling --write-docs --sizes"""
    page = scaling.PAGE.read_text()
    assert growth_page.rewritten(page, report) == page


def test_another_figure_is_another_page(report: dict[str, Any]) -> None:
    page = scaling.PAGE.read_text()
    report["sizes"][0]["bytes"]["sessions"] *= 3
    assert growth_page.rewritten(page, report) != page


def test_a_table_without_a_place_is_an_error(report: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="0 places for the table fits"):
        growth_page.rewritten(scaling.PAGE.read_text().replace("<!-- fits -->", ""), report)


def test_the_plot_shows_every_size_that_was_measured(report: dict[str, Any]) -> None:
    visitors = [size["visitors"] for size in report["sizes"]]
    for panel in growth_page.curves(report):
        for line in panel["lines"]:
            assert [at for at, _ in line["measured"]] == visitors
            assert all(value > 0 for _, value in line["modelled"]), line["label"]


def test_the_file_holds_what_was_written() -> None:
    measured = {"sizes": [{"visitors": 1, "bytes": {"people": 2}}, {"visitors": 3}], "beyond": []}
    assert json.loads(scaling.as_text(measured)) == measured


@pytest.mark.parametrize("active", [500, 5_000, 40_000, 150_000])
def test_roaring_bytes_are_what_roaring_takes(active: int) -> None:
    visitors = 200_000
    bitmap = BitMap(random.Random(active).sample(range(visitors), active))
    assert growth.roaring_bytes(active, visitors) == pytest.approx(len(bitmap.serialize()), rel=0.02)


def test_fewer_visitors_leave_as_many_bitmaps_as_drawing_from_them_does() -> None:
    choose, times = random.Random(7), 0.1
    bitmaps = [[choose.random() < times for _ in range(7)] for _ in range(20_000)]
    some = growth.grown([[0, 0], [0, 0], [20_000, 140_000]], times, 1_000)
    assert some.fields == pytest.approx(sum(map(any, bitmaps)), rel=0.03)
    assert some.ids == pytest.approx(sum(map(sum, bitmaps)), rel=0.03)


def made_up(visitors: int) -> growth.Measured:
    """What would be measured of a size, if all went by the model's terms."""
    spectrum = [[0, 0]] * 6 + [[100, round(100 * visitors / 1_000)]]
    some = growth.grown(spectrum, 1.0, visitors)
    kinds = {}
    for name in GRANULARITIES:
        kinds[f"bitmaps {name}"] = some.bytes + 60 * some.fields
        kinds[f"columns {name}"] = 20 * some.fields + 3 * some.ids
        kinds[f"names {name}"] = 40 * some.fields
    used = growth.buckets_in_use(visitors)
    kinds |= dict.fromkeys(growth.BY_VISITOR, 200 * visitors + 90 * used)
    kinds |= {"sessions": 500 * visitors, "streams": visitors}
    return {
        "visitors": visitors,
        "events": 30 * visitors,
        "visitor_days": 4 * visitors,
        "whole": True,
        "bytes": kinds,
        "spectrum": dict.fromkeys(GRANULARITIES, spectrum),
        "questions": {"uniques_by_day": {"cold_ms": 4 + visitors * 1e-5, "warm_ms": 1 + visitors * 1e-6}},
        "ingest": {
            "drain_us": 30 + math.log10(visitors),
            "log_events": 1_000,
            "seal_us": (2 + 0.05 * 1_000 + 1e-4 * visitors) * 1e3 / 1_000,
            "sweep_events": 10,
            "sweep_seal_ms": 2 + 0.05 * 10 + 1e-4 * visitors,
        },
    }


def test_the_model_finds_the_terms_of_what_was_measured() -> None:
    sizes = [made_up(visitors) for visitors in (10_000, 100_000, 1_000_000)]
    model = growth.model_of(sizes)
    assert model.bitmaps == pytest.approx([60], rel=0.01)
    assert model.columns == pytest.approx([20, 3], rel=0.01)
    assert model.by_visitor["people"] == pytest.approx([200, 90], rel=0.01)
    assert model.seal == pytest.approx([2, 0.05, 1e-4], rel=0.01)
    assert model.drain_us(10**8) == pytest.approx(38, rel=0.01)
    assert model.question_ms("uniques_by_day", "cold_ms", 10**8) == pytest.approx(1_004, rel=0.01)
    for size in sizes:
        assert sum(model.kinds(size["visitors"]).values()) == pytest.approx(sum(size["bytes"].values()), rel=0.01)


def test_as_many_visitors_fit_as_take_the_memory() -> None:
    model = growth.model_of([made_up(visitors) for visitors in (10_000, 100_000, 1_000_000)])
    for months in (1, 12):
        fit = model.visitors_that_fit(4 * 2**30, months)
        assert model.bytes_after(fit, months) == pytest.approx(4 * 2**30, rel=0.02)
    assert model.visitors_that_fit(4 * 2**30, 1) > model.visitors_that_fit(4 * 2**30, 12)


def test_a_sealing_that_is_slower_than_the_sweeps_folds_what_came_meanwhile() -> None:
    model = growth.model_of([made_up(visitors) for visitors in (10_000, 100_000, 1_000_000)])
    assert model.round_ms(1_000_000) == model.sweep_ms(1_000_000) < 5_000
    took, a_second = model.round_ms(10**8), 10**8 * 30 / (30 * 86_400)
    assert took > 5_000
    assert took == pytest.approx(model.seal_ms(10**8, a_second * took / 1e3), rel=0.001)


def test_no_term_takes_away() -> None:
    """A cost that falls is said to be constant, and not to fall below nothing further on."""
    constant, slope = growth.fitted([[1, 10], [1, 100], [1, 1_000]], [5.0, 4.9, 4.8])
    assert slope == 0
    assert constant == pytest.approx(4.9, rel=0.01)


@pytest.mark.slow
def test_the_script_measures_small_sizes() -> None:
    """It ends with an error when an answer is not that of the bitmaps in memory."""
    printed = run("scaling", "--quick")
    assert "quick" in printed.lower()
    found = json.loads(printed.splitlines()[-1])
    assert found["visitors"] == scaling.QUICK_SIZES[-1]
    assert 10 < found["bytes_per_event"] < 2_000
    assert found["drain_us"] > 0
    assert found["worst_memory_error"] < 1
