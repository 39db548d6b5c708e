"""The tables of docs/scaling.md and the curves of its plot, of what was measured and of the model. Pure.

A table is between two comments with its name, so the page can be written anew from the figures, and a test can see
whether both say the same:

    <!-- memory -->
    | visitors | …
    <!-- /memory -->
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bench.ground.growth import BY_VISITOR, EVENTS_A_VISITOR, SWEEP_SECONDS, Measured, Model, model_of
from bench.ground.spectrum import GRANULARITIES

Report = Mapping[str, Sequence[Measured]]
Table = Callable[[Report, Model], list[list[str]]]

GIGABYTE = 2**30
KINDS = ("bitmaps", "columns", "names", "visitors", "people", "sessions", "streams")
HOW = ("cold_ms", "warm_ms")
PREDICTED = (10_000_000, 100_000_000)
MACHINES, ROOM = (4, 16, 64), 0.75  # GB of memory, and the share of it that is for data
SHARD = 16  # GB
CURVE = [10 ** (4 + step / 5) for step in range(21)]  # 10^4 to 10^8
SHORTEST_SERIES = 3  # sizes that it takes to try the model on one that it does not know


def figures(report: Report) -> dict[str, float | int]:
    """The figures of the script's last line."""
    model, largest = _model(report), report["sizes"][-1]
    return {
        "visitors": largest["visitors"],
        "bytes_per_event": _held(largest, model) / largest["events"],
        "drain_us": largest["ingest"]["drain_us"],
        "seal_us": largest["ingest"]["seal_us"],
        "worst_memory_error": max(abs(_memory_error(size, model)) for size in report["sizes"]),
        "gigabytes_of_100_million": sum(model.kinds(PREDICTED[-1]).values()) / GIGABYTE,
    }


def rewritten(page: str, report: Report) -> str:
    """The page with its tables made anew. Raises ValueError when one has no place in it."""
    model = _model(report)
    for name, table in TABLES.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = _markdown(table(report, model))
        page, found = place.subn(lambda match, text=text: f"{match[1]}{text}{match[2]}", page)  # type: ignore[misc]
        if found != 1:
            raise ValueError(f"The page has {found} places for the table {name}.")
    return page


def curves(report: Report) -> list[dict[str, Any]]:
    """Panels of the plot: title, and lines with what was measured and what is modelled."""
    model, sizes = _model(report), report["sizes"]

    def line(label: str, measured: Callable[[Measured], float], modelled: Callable[[int], float]) -> dict[str, Any]:
        return {
            "label": label,
            "measured": [[size["visitors"], measured(size)] for size in sizes],
            "modelled": [[visitors, modelled(round(visitors))] for visitors in CURVE],
        }

    def of_kind(kind: str) -> dict[str, Any]:
        return line(
            kind,
            lambda size: _of_kind(_filled(size, model), kind) / GIGABYTE,
            lambda visitors: _of_kind(model.kinds(visitors), kind) / GIGABYTE,
        )

    everything = line(
        "everything",
        lambda size: _held(size, model) / GIGABYTE,
        lambda visitors: sum(model.kinds(visitors).values()) / GIGABYTE,
    )
    drain = line("drain, µs an event", lambda size: float(size["ingest"]["drain_us"]), model.drain_us)
    sweep = line("a sealing every 5 s, ms", lambda size: float(size["ingest"]["sweep_seal_ms"]), model.sweep_ms)
    asked = [
        line(
            f"{_words(name)}, cold",
            lambda size, name=name: float(size["questions"][name]["cold_ms"]),  # type: ignore[misc]
            lambda visitors, name=name: model.question_ms(name, "cold_ms", visitors),  # type: ignore[misc]
        )
        for name in sizes[0]["questions"]
    ]
    return [
        {"title": "Memory after a month, GB", "lines": [everything, *map(of_kind, ("bitmaps", "columns", "visitors"))]},
        {"title": "Ingest, CPU time", "lines": [drain, sweep]},
        {"title": "Questions, ms of CPU time", "lines": asked},
    ]


def _model(report: Report) -> Model:
    return model_of(report["sizes"], report.get("beyond", ()))


def _filled(size: Measured, model: Model) -> dict[str, float]:
    """The bytes measured; of kinds that were not, the modelled."""
    return {**model.kinds(size["visitors"]), **size["bytes"]}


def _held(size: Measured, model: Model) -> float:
    return sum(_filled(size, model).values())


def _of_kind(kinds: Mapping[str, float], kind: str) -> float:
    return sum(size for name, size in kinds.items() if name.partition(" ")[0] == kind)


def _memory_error(size: Measured, model: Model) -> float:
    """Of what was measured alone."""
    modelled = model.kinds(size["visitors"])
    return sum(modelled[kind] for kind in size["bytes"]) / float(sum(size["bytes"].values())) - 1


# --- Tables: rows of cells, the first the head ------------------------------------------------------


def _memory(report: Report, model: Model) -> list[list[str]]:
    rows = [["visitors", "events", *KINDS, "all", "an event", "an active visitor-day"]]
    for size in report["sizes"]:
        kinds = _filled(size, model)
        every = sum(kinds.values())
        cells = [_bytes(_of_kind(kinds, kind)) for kind in KINDS]
        each = [f"{every / size['events']:,.0f}", f"{every / size['visitor_days']:,.0f}"]
        rows.append([f"{size['visitors']:,}", f"{size['events']:,}", *cells, _bytes(every), *each])
    return rows


def _granularities(report: Report, model: Model) -> list[list[str]]:
    rows = [["visitors", *(f"{kind} of {name}s" for kind in ("bitmaps", "columns") for name in GRANULARITIES)]]
    for size in report["sizes"]:
        kinds = [f"{kind} {name}" for kind in ("bitmaps", "columns") for name in GRANULARITIES]
        cells = [_bytes(size["bytes"][kind]) if kind in size["bytes"] else "" for kind in kinds]
        rows.append([f"{size['visitors']:,}", *cells])
    return rows


def _ingest(report: Report, model: Model) -> list[list[str]]:
    rows = [
        ["visitors", "drain, µs an event", "seal, µs an event", "events in 5 seconds", "sealing them, ms", "of a core"]
    ]
    for size in report["sizes"]:
        some = size["ingest"]
        cells = [f"{some['drain_us']:.0f}", f"{some['seal_us']:.0f}", f"{some['sweep_events']:,}"]
        rows.append([f"{size['visitors']:,}", *cells, _ms(some["sweep_seal_ms"]), _of_a_core(some["sweep_seal_ms"])])
    return rows


def _questions(report: Report, model: Model) -> list[list[str]]:
    sizes = report["sizes"]
    rows = [["milliseconds, cold / warm", *(f"{size['visitors']:,}" for size in sizes)]]
    for name in sizes[0]["questions"]:
        cells = [" / ".join(_ms(size["questions"][name][how]) for how in HOW) for size in sizes]
        rows.append([_words(name), *cells])
    return rows


def _terms(report: Report, model: Model) -> list[list[str]]:
    each = {part: model.by_visitor[part] for part in BY_VISITOR}
    constant, an_event, a_visitor = model.seal
    rows = [
        ["a bitmap, beside Roaring's bytes", f"{model.bitmaps[0]:.0f} bytes"],
        ["its columns", f"{model.columns[0]:.0f} bytes and {model.columns[1]:.1f} for each visitor in it"],
        ["its names", f"{model.names[0]:.0f} bytes"],
        *(
            [part, f"{some[0]:.0f} bytes for each visitor, {some[1]:.0f} for a bucket in use"]
            for part, some in each.items()
        ),
        ["sessions of two days", f"{model.in_proportion['sessions']:.0f} bytes for each visitor"],
        ["draining an event", f"{model.drain[0]:.0f} µs and {model.drain[1]:.1f} for each tenfold of the visitors"],
        [
            "a sealing",
            f"{_ms(constant)} ms, {an_event * 1e3:.0f} µs an event, {_ms(a_visitor * 1e6)} ms a million visitors",
        ],
    ]
    for (name, how), (constant, slope) in model.questions.items():
        word = how.removesuffix("_ms")
        rows.append([f"{_words(name)}, {word}", f"{_ms(constant)} ms, {_ms(slope * 1e6)} for a million visitors"])
    return [["term", "value"], *rows]


def _errors(report: Report, model: Model) -> list[list[str]]:
    sizes = report["sizes"]
    rows = [["visitors", "memory", "drain", "seal a log", "seal 5 seconds", "questions cold", "questions warm"]]
    rows += [[f"{size['visitors']:,}", *_error_cells(size, model)] for size in sizes]
    if len(sizes) >= SHORTEST_SERIES:
        *known, last = sizes
        rows.append([f"{last['visitors']:,}, not known to the model", *_error_cells(last, model_of(known))])
    return rows


def _error_cells(size: Measured, model: Model) -> list[str]:
    visitors, ingest = size["visitors"], size["ingest"]
    log = model.seal_ms(visitors, ingest["log_events"]) * 1e3 / ingest["log_events"]
    found = [
        _memory_error(size, model),
        model.drain_us(visitors) / ingest["drain_us"] - 1,
        log / ingest["seal_us"] - 1,
        model.seal_ms(visitors, ingest["sweep_events"]) / ingest["sweep_seal_ms"] - 1,
    ]
    cells = [f"{error:+.0%}" for error in found]
    for how in HOW:
        each = [model.question_ms(name, how, visitors) / some[how] - 1 for name, some in size["questions"].items()]
        cells.append(f"{min(each):+.0%} to {max(each):+.0%}")
    return cells


def _beyond(report: Report, model: Model) -> list[list[str]]:
    rows = [["", *(f"{visitors:,} visitors" for visitors in PREDICTED)]]

    def add(what: str, cell: Callable[[int], str]) -> None:
        rows.append([what, *map(cell, PREDICTED)])

    for kind in KINDS:
        add(kind, lambda n, kind=kind: _bytes(_of_kind(model.kinds(n), kind)))  # type: ignore[misc]
    add("memory after a month", lambda n: _bytes(model.bytes_after(n, 1)))
    add("after a year", lambda n: _bytes(model.bytes_after(n, 12)))
    add("an event of the month", lambda n: f"{model.bytes_after(n, 1) / (n * EVENTS_A_VISITOR):.0f} bytes")
    add(
        f"shards of {SHARD} GB that hold as much after a month",
        lambda n: f"{-(-model.bytes_after(n, 1) // (SHARD * GIGABYTE * ROOM)):,.0f}",
    )
    add("draining an event", lambda n: f"{model.drain_us(n):.0f} µs")
    add(
        "a sealing, of what came in 5 seconds or since the last",
        lambda n: f"{model.round_ms(n) / 1e3:,.0f} s of CPU time",
    )
    add("of a core", lambda n: _of_a_core(min(model.round_ms(n), SWEEP_SECONDS * 1e3)))
    for name in report["sizes"][0]["questions"]:
        add(
            f"{_words(name)}, cold / warm",
            lambda n, name=name: " / ".join(_ms(model.question_ms(name, how, n)) for how in HOW) + " ms",  # type: ignore[misc]
        )
    return rows


def _fits(report: Report, model: Model) -> list[list[str]]:
    rows = [["memory", "events a month, for one month", "for a year", "visitors, for one month", "for a year"]]
    for machine in MACHINES:
        fit = [model.visitors_that_fit(machine * GIGABYTE * ROOM, months) for months in (1, 12)]
        rows.append([f"{machine} GB", *(_about(n * EVENTS_A_VISITOR) for n in fit), *map(_about, fit)])
    return rows


TABLES: dict[str, Table] = {
    "memory": _memory,
    "granularities": _granularities,
    "ingest": _ingest,
    "questions": _questions,
    "terms": _terms,
    "errors": _errors,
    "beyond": _beyond,
    "fits": _fits,
}


# --- Cells ------------------------------------------------------------------------------------------


def _markdown(rows: Iterable[Sequence[str]]) -> str:
    head, *rest = rows
    lines = [head, ["---", *("---:" for _ in head[1:])], *rest]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _bytes(size: float) -> str:
    for unit, word in ((GIGABYTE, "GB"), (2**20, "MB"), (2**10, "KB")):
        if size >= unit:
            return f"{size / unit:,.{0 if size >= 100 * unit else 1}f} {word}"
    return f"{size:.0f} B"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.{0 if milliseconds >= 100 else 1 if milliseconds >= 1 else 2}f}"


def _of_a_core(milliseconds: float) -> str:
    share = milliseconds / (SWEEP_SECONDS * 1e3)
    return f"{share * 100:.0f} %" if share >= 0.01 else "under 1 %"


def _about(number: float) -> str:
    return f"{number / 1e6:,.{0 if number >= 1e8 else 1 if number >= 1e6 else 2}f} million"


def _words(name: str) -> str:
    return name.replace("_", " ")
