"""Which sources there are. Another package adds one by an entry point, read once when the collector starts:

[project.entry-points."aktivat.sources"]
shop = "aktivat_shop:SOURCE"          an object as interface.py describes it
"""

from collections.abc import Iterable
from importlib.metadata import entry_points

from tracking.sources.api import Api
from tracking.sources.google import Google
from tracking.sources.interface import Source
from tracking.sources.pixel import Pixel
from tracking.sources.plausible import Plausible
from tracking.sources.segment import Segment

GROUP = "aktivat.sources"
BUILT_IN: tuple[Source, ...] = (Pixel(), Api(), Segment(), Plausible(), Google())
TRACKER = ("POST", "/track/it")
# What the product serves under these, no source may take.
OURS = ("/healthz", "/readyz", "/metrics", "/operator/", "/static/", "/js/", "/api/v1/", "/properties/", "/demo/")

Doors = dict[tuple[str, str], Source]


def installed() -> Doors:
    """(method, path) -> the source that answers there. Raises ValueError for a source that is none."""
    return doors([*BUILT_IN, *(point.load() for point in entry_points(group=GROUP))])


def doors(sources: Iterable[Source]) -> Doors:
    found: Doors = {}
    for source in sources:
        for door in source.doors:
            method, path = door
            if door in found or door == TRACKER or method not in ("GET", "POST") or not _is_free(path):
                raise ValueError(f"{source.name}: {method} {path} is taken, or no door.")
            found[door] = source
    return found


def _is_free(path: str) -> bool:
    return path.startswith("/") and path != "/" and not path.startswith(OURS)
