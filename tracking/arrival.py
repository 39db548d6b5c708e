"""Where a session came from: its source and campaign. Pure.

`utm_source` and `utm_campaign` of the address say it; else a referrer on another site; else the
visitor came directly. The first event of a session decides for the whole session.
"""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from tracking.bitmaps.traits import DIRECT

LONGEST = 100


class Arrival(NamedTuple):
    source: str
    campaign: str  # "" where there is none
    by_campaign: bool  # the address names a source or campaign: a new one begins a new session


# The pages of a site and the sites that link to it are few, and come again and again.
@lru_cache(maxsize=4096)
def arrival(url: str, referrer: str) -> Arrival:
    query = _utm(url)
    source, campaign = query.get("utm_source", ""), query.get("utm_campaign", "")
    if source or campaign:
        return Arrival(source or referring_host(url, referrer) or DIRECT, campaign, by_campaign=True)
    return Arrival(referring_host(url, referrer) or DIRECT, "", by_campaign=False)


def referring_host(url: str, referrer: str) -> str:
    """The host of another site that linked here, without www.; empty when there is none."""
    host = host_of(referrer)
    if not host or _bare(host) == _bare(host_of(url)):
        return ""
    return _bare(host)[:LONGEST]


def host_of(url: str) -> str:
    """The host of `url` in lower case, an IPv6 address in brackets; empty when there is none or it is malformed."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return f"[{host}]" if ":" in host else host


@lru_cache(maxsize=4096)
def path_of(url: str) -> str:
    """The path of `url`, `/` when it is empty; the query and fragment are left out."""
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return "/"


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def _utm(url: str) -> dict[str, str]:
    try:
        query = urlsplit(url).query
    except ValueError:
        return {}
    if "utm_" not in query:
        return {}
    found = parse_qs(query, max_num_fields=200) if query.count("&") < 200 else {}
    return {key: _clean(values[0]) for key, values in found.items() if key.startswith("utm_")}


def _clean(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()[:LONGEST]
