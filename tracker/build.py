"""Makes what browsers load of the readable modules beside this file.

    core/*.js, in the order below   ─► static/js/trackr.js        loaded with the page
    more/*.js                       ─► static/js/trackr-more.js   loaded behind it

    python -m tracker.build            writes both
    python -m tracker.build --check    fails where they are not what the modules make

The modules of a file share one scope, so they are put end to end in one function, and the minifier
shortens their names. A file without what only one of its modules declares does not run, which the tests see.
"""

import argparse
import sys
from pathlib import Path

import minify

ROOT = Path(__file__).resolve().parent
BUILT = ROOT.parent / "static" / "js"
FILES = {
    "trackr.js": ["texts", "ids", "consent", "delivery", "events", "elements", "calls", "start"],
    "trackr-more.js": ["engagement", "vitals", "links", "interests", "history", "offline"],
}
FRAMES = {"trackr.js": "core/trackr.js", "trackr-more.js": "more/more.js"}
PLACE = "/* modules */"


def source(name: str) -> str:
    """The modules of a file inside the frame that gives them what they share, as written."""
    frame = ROOT / FRAMES[name]
    modules = "\n".join((frame.parent / f"{module}.js").read_text() for module in FILES[name])
    body = frame.read_text().replace(PLACE, modules)
    return f'(function (window, document) {{\n"use strict";\n{body}\n}})(window, document);\n'


def built(name: str) -> str:
    """The file as it is served. Raises minify.MinifyError for a module that is no JavaScript."""
    return f"{minify.string('application/javascript', source(name))}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the tracker.")
    parser.add_argument("--check", action="store_true", help="only say whether the built files are up to date")
    stale = [name for name in FILES if not _is_built(name)]
    if parser.parse_args().check:
        sys.exit(f"Not what the modules make: {', '.join(stale)}" if stale else 0)
    for name in stale:
        (BUILT / name).write_text(built(name))


def _is_built(name: str) -> bool:
    path = BUILT / name
    return path.exists() and path.read_text() == built(name)


if __name__ == "__main__":
    main()
