"""The plot of docs/scaling.svg, drawn by the peers' Python: logarithmic panels, dots measured, lines modelled.

    python peer_plot.py CURVES SVG      CURVES: JSON of bench.ground.growth_page.curves

Its colours are legible on white and on black, and there is no background.
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl  # type: ignore[import-not-found, unused-ignore]
from matplotlib.figure import Figure  # type: ignore[import-not-found, unused-ignore]

INK = "#7a828c"
COLOURS = ("#2f81f7", "#d9822b", "#2da44e", "#bf5af2", "#d1495b")


def main() -> None:
    panels = json.loads(Path(sys.argv[1]).read_text())
    mpl.rcParams |= {
        "svg.hashsalt": "aktivat",  # the same figures make the same file
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    }
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels)), panels, strict=True):
        axes.set(xscale="log", yscale="log", title=panel["title"], xlabel="visitors")
        axes.grid(which="major", color=INK, alpha=0.25, linewidth=0.6)
        axes.patch.set_alpha(0)
        for colour, line in zip(COLOURS, panel["lines"], strict=False):
            axes.plot(*zip(*line["modelled"], strict=True), color=colour, linewidth=1.4, label=line["label"])
            if line["measured"]:
                axes.plot(*zip(*line["measured"], strict=True), "o", color=colour, markersize=4.5)
        axes.legend(frameon=False, fontsize=8)
    figure.savefig(sys.argv[2], transparent=True, metadata={"Date": None, "Creator": None})
    print(json.dumps({"panels": len(panels)}))


if __name__ == "__main__":
    main()
