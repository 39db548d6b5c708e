"""A line of a web server's access log, and what it tells of a visit. Pure.

common     203.0.113.7 - - [24/Nov/2026:12:30:00 +0100] "GET /a?utm_source=news HTTP/1.1" 200 512
combined   … "https://news.example/" "Mozilla/5.0 …"

Browsers ask for much that nobody looks at: what belongs to a page, and what only programs want, is left out by rule.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from tracking.description import DOWNLOAD, PAGEVIEW
from tracking.enrichment.bots import is_bot

_LINE = re.compile(
    r"(?P<address>\S+) \S+ .*?\[(?P<time>[^\]]{20,30})\] "
    r'"(?P<method>[A-Z]+) (?P<target>\S+)[^"]*" (?P<status>\d{3}) \S+'
    r'(?: "(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
_TIME = "%d/%b/%Y:%H:%M:%S %z"
LONGEST_LINE = 16_384

SEEN = frozenset(["200", "203", "206", "304"])
# Parts of pages, and what is fetched by their scripts.
STATIC = re.compile(
    "avif|bmp|css|cur|eot|gif|gz|ico|jpe?g|m?js|json|map|mp[34]|og[gv]|otf|png|svg|ttf|txt|wasm|web[mp]|webmanifest|"
    "woff2?|xml|xsl"
)
DOWNLOADS = re.compile("7z|apk|csv|deb|dmg|docx?|epub|exe|iso|msi|od[pst]|pdf|pptx?|rar|rpm|tar|tgz|xlsx?|zip")
NOT_PAGES = ("/.well-known/", "/wp-json/", "/wp-admin/", "/wp-login.php", "/xmlrpc.php", "/cgi-bin/", "/api/", "/.")

NO_LINE, STATIC_FILE, NOT_SEEN, ROBOT = "no_line", "static", "not_seen", "bot"
REASONS = {
    NO_LINE: "lines in no known format",
    STATIC_FILE: "parts of pages, and requests of programs",
    NOT_SEEN: "answers that show nobody anything: errors, redirections, other methods than GET",
    ROBOT: "robots",
}


class Visit(NamedTuple):
    """`at`: ms since 1970. `target`: path and query. The address goes no further than digest and place."""

    address: str
    at: int
    name: str
    target: str
    referrer: str
    user_agent: str


def visit(line: str) -> Visit | str:
    """What `line` tells, or why it is left out."""
    found = _LINE.match(line) if len(line) <= LONGEST_LINE else None
    if found is None:
        return NO_LINE
    try:
        at = int(datetime.strptime(found["time"], _TIME).astimezone(UTC).timestamp() * 1000)
    except ValueError:
        return NO_LINE
    target = _unquoted(found["target"])
    if found["method"] != "GET" or found["status"] not in SEEN or not target.startswith("/"):
        return NOT_SEEN
    path = target.partition("?")[0].lower()
    ending = path.rpartition("/")[2].rpartition(".")[2] if "." in path.rpartition("/")[2] else ""
    if STATIC.fullmatch(ending) or path.startswith(NOT_PAGES):
        return STATIC_FILE
    agent = _said(found["agent"])
    if is_bot(agent) or (found["agent"] is not None and not agent):  # a browser always says what it is
        return ROBOT
    name = DOWNLOAD if DOWNLOADS.fullmatch(ending) else PAGEVIEW
    return Visit(found["address"], max(at, 0), name, target, _said(found["referrer"]), agent)


def _said(value: str | None) -> str:
    return "" if value in (None, "-") else _unquoted(value or "")


def _unquoted(value: str) -> str:
    """Servers write quotes and what is not printable with a backslash."""
    return value.replace('\\"', '"').replace("\\\\", "\\")
