"""Traits: what a visitor can be counted under in a slot, and how each is spelled. Pure.

    everyone                          seen at all
    evt:<name>                        did the event
    page:<path>                       viewed the page
    src:<source>::cpg:<campaign>      came from there; without a campaign cpg:(none)

A `%` or `::` inside a name is percent-encoded, so that an address always comes apart again.
"""

from functools import lru_cache

EVERYONE = "everyone"
FAMILIES = frozenset([EVERYONE, "evt", "page", "src"])
NO_CAMPAIGN = "(none)"
DIRECT = "(direct)"
CAMPAIGN_MARK = "::cpg:"


@lru_cache(maxsize=8192)
def quote(name: str) -> str:
    return name.replace("%", "%25").replace("::", "%3A%3A")


def unquote(name: str) -> str:
    return name.replace("%3A%3A", "::").replace("%25", "%")


def event(name: str) -> str:
    return f"evt:{quote(name)}"


def page(path: str) -> str:
    return f"page:{quote(path)}"


def source(name: str, campaign: str = "") -> str:
    return f"src:{quote(name)}{CAMPAIGN_MARK}{quote(campaign or NO_CAMPAIGN)}"


def family(trait: str) -> str:
    """`evt`, `page`, `src` or `everyone`."""
    return trait.partition(":")[0]


def name_of(trait: str) -> str:
    """The name inside an `evt:` or `page:` trait."""
    return unquote(trait.partition(":")[2])


def source_of(trait: str) -> tuple[str, str]:
    """(source, campaign) of a `src:` trait; the campaign is `(none)` where there was none."""
    name, _, campaign = trait.removeprefix("src:").partition(CAMPAIGN_MARK)
    return unquote(name), unquote(campaign)
