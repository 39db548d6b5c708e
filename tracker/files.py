"""The tracker as browsers get it: both files, what version they make, and what vouches for them. Pure.

A version is told by what is in the files, so it changes when they do and at no other time.
"""

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import brotli

CORE, MORE = "trackr", "trackr-more"
FOLDER = Path(__file__).resolve().parent.parent / "static" / "js"


@dataclass(frozen=True)
class Script:
    """A file, and what it is compressed. `tag` tells it from every other one."""

    body: bytes
    gzip: bytes
    brotli: bytes
    tag: str

    @staticmethod
    @lru_cache(maxsize=32)
    def of(body: bytes) -> "Script":
        return Script(body, gzip.compress(body, 9, mtime=0), brotli.compress(body), _digest(body))

    def encoded(self, accepted: str) -> tuple[str, bytes]:
        """The smallest form that a header Accept-Encoding allows, and what that is called; empty for none."""
        names = {
            part.split(";")[0].strip().lower() for part in accepted.split(",") if ";q=0" not in part.replace(" ", "")
        }
        if "br" in names:
            return "br", self.brotli
        return ("gzip", self.gzip) if "gzip" in names else ("", self.body)


@dataclass(frozen=True)
class Tracker:
    """`core` is loaded with a page, `more` behind it."""

    core: bytes
    more: bytes

    @property
    def version(self) -> str:
        return _digest(self.core + self.more)

    @property
    def integrity(self) -> str:
        """What the attribute `integrity` of a script says: w3.org/TR/SRI."""
        return f"sha384-{base64.b64encode(hashlib.sha384(self.core).digest()).decode()}"


def current() -> Tracker:
    """The tracker of this installation, as its files are now."""
    paths = [FOLDER / f"{name}.js" for name in (CORE, MORE)]
    return _read(tuple((path, path.stat().st_mtime_ns) for path in paths))


@lru_cache(maxsize=2)
def _read(changed: tuple[tuple[Path, int], ...]) -> Tracker:
    core, more = (path.read_bytes() for path, _ in changed)
    return Tracker(core, more)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]
