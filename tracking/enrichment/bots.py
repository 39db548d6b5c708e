"""Programs that say that they are programs: crawlers, monitors, link previews, HTTP libraries. Pure.

The patterns are those of crawler-user-agents. What hides behind a browser's header is not found here.
"""

from functools import lru_cache

from crawleruseragents import is_crawler

from tracking.enrichment.devices import LONGEST

is_crawler("")  # compiles the patterns now, not in the first batch: about 60 ms


def is_bot(user_agent: str) -> bool:
    """Whether the header names a known program. An empty one does not: servers send events too."""
    return _is_bot(user_agent[:LONGEST])


@lru_cache(maxsize=16_384)
def _is_bot(user_agent: str) -> bool:
    return bool(user_agent) and bool(is_crawler(user_agent))
