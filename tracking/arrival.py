"""Where a session came from: its source, campaign and channel. Pure.

`utm_source` and `utm_campaign` of the address say it; else a referrer on another site; else the
visitor came directly. The first event of a session decides for the whole session.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from tracking.bitmaps.traits import DIRECT
from tracking.enrichment.channel_sources import CLICKS
from tracking.enrichment.channels import channel

LONGEST = 100
LONGEST_REFERRER = 200

_CAMPAIGN = re.compile("utm_|" + "|".join(CLICKS), re.IGNORECASE)


class Arrival(NamedTuple):
    """How somebody came. The `utm_` values stand as the address gives them, "" where it gives none.

    `referrer`: host and path of the page on another site that linked here, without www. and a bare slash.
    `channel`: see `tracking.enrichment.channels`; never "" from `arrival`.
    """

    source: str
    campaign: str  # "" where there is none
    by_campaign: bool  # the address names a source or campaign: a new one begins a new session
    medium: str = ""
    term: str = ""
    content: str = ""
    utm_source: str = ""
    utm_campaign: str = ""
    referrer: str = ""
    channel: str = ""


# The pages of a site and the sites that link to it are few, and come again and again.
@lru_cache(maxsize=4096)
def arrival(url: str, referrer: str) -> Arrival:
    """How a visitor came to `url` who has that referrer. Malformed addresses count as none; never raises."""
    query = _campaign_query(url)
    named, campaign, medium = (query.get(f"utm_{key}", "") for key in ("source", "campaign", "medium"))
    host = referring_host(url, referrer)
    source = named or host or DIRECT
    click = next((key for key in CLICKS if key in query), "")
    return Arrival(
        source,
        campaign,
        by_campaign=bool(named or campaign),
        medium=medium,
        term=query.get("utm_term", ""),
        content=query.get("utm_content", ""),
        utm_source=named,
        utm_campaign=campaign,
        referrer=_referring_page(host, referrer) if host else "",
        channel=channel(source, medium, campaign, host, click),
    )


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


def _referring_page(host: str, referrer: str) -> str:
    path = path_of(referrer)
    return _clean(host + path, LONGEST_REFERRER) if path != "/" else host


def _campaign_query(url: str) -> dict[str, str]:
    """The `utm_` and click parameters of `url` with a value; the names of the latter in lower case."""
    try:
        query = urlsplit(url).query
    except ValueError:
        return {}
    if not _CAMPAIGN.search(query) or query.count("&") >= 200:
        return {}
    found = {}
    for key, values in parse_qs(query, max_num_fields=200).items():
        if key.startswith("utm_"):
            found[key] = _clean(values[0], LONGEST)
        elif key.lower() in CLICKS:
            found[key.lower()] = _clean(values[0], LONGEST)
    return found


def _clean(text: str, longest: int) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()[:longest]
