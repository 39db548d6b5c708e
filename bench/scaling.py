"""How memory, ingest and questions grow with the visitors: measured from 10,000 up, and modelled to 100 million.

    each size ──► what it holds and costs (ground/sizes.py) ──► docs/scaling.json
                                                                     │ --write-docs
         the tables of docs/scaling.md  ◄── model (ground/growth.py) ┴──► docs/scaling.svg, by the peers' matplotlib

A month of the data set, 30 events a visitor, an eighth of the visitors there on a day. With --write-docs each size
that is measured takes its place among the figures at once; `--sizes` without a number makes page and plot of those
that are there.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from bench import peers
from bench.ground import growth_page, product
from bench.ground.report import last_line, quick
from bench.ground.servers import ROOT, valkey
from cluster.embedded import EmbeddedServer

PAGE, FIGURES, PLOT = (ROOT / "docs" / f"scaling.{kind}" for kind in ("md", "json", "svg"))
SIZES = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
QUICK_SIZES = (10_000, 100_000)
WHOLE_UP_TO = 100_000  # the month is rebuilt whole; of larger sizes two days are
PART_UP_TO = 10_000_000  # of still larger ones only the visitors are made
DIGITS = 6


def main() -> None:
    parser = argparse.ArgumentParser(description="How memory, ingest and questions grow.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--part-up-to", type=int, default=PART_UP_TO, help="of larger sizes only visitors are made")
    parser.add_argument("--write-docs", action="store_true", help="into docs/scaling.json, .md and .svg")
    options = parser.parse_args()
    small = quick()
    if small and options.write_docs:
        raise SystemExit("A quick run is no measurement: its figures do not go into docs.")
    report: dict[str, Any] = json.loads(FIGURES.read_text()) if options.write_docs and FIGURES.exists() else {}
    wanted = QUICK_SIZES if small else options.sizes
    if wanted:
        measure(report, wanted, options.part_up_to, small, options.write_docs)
    if options.write_docs:
        write_docs(report)
    last_line(growth_page.figures(report))


def measure(
    report: dict[str, Any], wanted: list[int] | tuple[int, ...], part_up_to: int, small: bool, keep: bool
) -> None:
    """Put each size into the report, in place of what was there of it; and into the file, if it is to `keep`."""
    with (
        tempfile.TemporaryDirectory(prefix="aktivat-scaling-") as folder,
        valkey(Path(folder) / "cluster", appendfsync="everysec") as server,
    ):
        product.use(Path(folder), server)
        for visitors in wanted:
            part = "sizes" if visitors <= part_up_to else "beyond"
            found = _measured(visitors, part == "beyond", small, server)
            for some in ("sizes", "beyond"):
                report[some] = [size for size in report.get(some, []) if size["visitors"] != visitors]
            report[part] = sorted([*report[part], _rounded(found)], key=lambda size: int(size["visitors"]))
            if keep:
                FIGURES.write_text(as_text(report))


def _measured(visitors: int, only_visitors: bool, small: bool, server: EmbeddedServer) -> dict[str, Any]:
    from bench.ground import engine, sizes  # noqa: PLC0415 - Django's models can be imported only now

    effort = sizes.Effort(sample=305, fine_days=1, log_events=1_000, logs=1, sweeps=1) if small else sizes.Effort()
    if only_visitors:
        found = sizes.of_visitors(visitors, effort)
    else:
        found = sizes.measure(visitors, not small and visitors <= WHOLE_UP_TO, effort)
    engine.client_of(server).flushall()  # the next size has the server to itself
    return found


def as_text(report: dict[str, Any]) -> str:
    """JSON in which each size's parts are a line."""
    lines = []
    for part, some in report.items():
        of_sizes = [
            ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in size.items()) for size in some
        ]
        lines.append(f"  {json.dumps(part)}: [" + ", ".join(f"{{\n{size}\n  }}" for size in of_sizes) + "]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def write_docs(report: dict[str, Any]) -> None:
    """The page's tables and the plot, of the figures."""
    PAGE.write_text(growth_page.rewritten(PAGE.read_text(), report))
    if not peers.version("matplotlib"):
        print("matplotlib is not installed, so no plot is written: run ./aktivat bench peers")
        return
    with tempfile.TemporaryDirectory(prefix="aktivat-plot-") as folder:
        curves = Path(folder) / "curves.json"
        curves.write_text(json.dumps(growth_page.curves(report)))
        peers.run("peer_plot", [str(curves), str(PLOT)])


def _rounded(value: Any) -> Any:
    """Without digits that say nothing."""
    if isinstance(value, dict):
        return {key: _rounded(some) for key, some in value.items()}
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
