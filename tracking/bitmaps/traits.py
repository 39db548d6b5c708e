"""Traits: what a visitor can be counted under in a slot, and how each is spelled. Pure.

Of the event itself:

    evt:<name>                               did the event
    page:<path>                              viewed the page
    on:<path>                                was measured on the page
    el:<event>:<type>::label:<l>::pos:<p>    hovered, clicked, focussed or left an element
    attr:<key>:<value>                       the event had this attribute, where the property asks for it
    who:member                               was logged in
    int:<topic>                              showed interest in it
    goal:<goal>                              converted
    exp:<experiment>:<variant>               was shown this variant
    to:<host>                                followed a link to another site, without www.
    file:<path>                              downloaded it
    form:<name>                              sent the form
    coupon:<code>                            bought with it (an order, or one of its items)

Of the items of a shop's event, each with its own amounts:

    item:<id>                                by its item_id, or its item_name where there is none
    category:<c>  brand:<b>                  each of its up to five categories, and its brand

Of the session, all through it:

    everyone                                 seen at all
    src:<source>::cpg:<campaign>             came from there; without a campaign cpg:(none)
    chan:<channel>  ref:<host and path>      the channel, and the page that linked here
    utm:<source|medium|campaign|term|content>:<value>
    cfg:browser:<b>  cfg:version:<b> <v>  cfg:platform:<p>  cfg:type:<mobile, …>  cfg:resolution:<class>
    lang:<language>  geo:<country>  city:<country>:<city>
    who:new  who:returning                   the visitor's first session, or a later one
    entry:<path>  exit:<path>                its first and its last page

A `%` or `::` inside a name is percent-encoded, so that an address always comes apart again.
"""

from functools import lru_cache

EVERYONE = "everyone"
MEMBER = "who:member"
NEW = "who:new"
RETURNING = "who:returning"
OTHER = "(other)"  # what is more than a family may hold in a day
NO_CAMPAIGN = "(none)"
DIRECT = "(direct)"
# What is true of all of a session; notes of it come under all of them and everyone, or under none.
OF_SESSION = ("src:", "chan:", "ref:", "utm:", "cfg:", "lang:", "geo:", "city:", NEW, RETURNING)
CAMPAIGN_MARK = "::cpg:"
SIGN_UP = "signup"  # the event
SIGN_UPS = f"evt:{SIGN_UP}"


@lru_cache(maxsize=8192)
def quote(name: str) -> str:
    return name.replace("%", "%25").replace("::", "%3A%3A").replace("\n", "%0A")


def unquote(name: str) -> str:
    return name.replace("%0A", "\n").replace("%3A%3A", "::").replace("%25", "%")


def event(name: str) -> str:
    return f"evt:{quote(name)}"


def page(path: str) -> str:
    return f"page:{quote(path)}"


def entry(path: str) -> str:
    return f"entry:{quote(path)}"


def exit_page(path: str) -> str:
    return f"exit:{quote(path)}"


def element(event_name: str, kind: str, label: str, position: str) -> str:
    return f"el:{quote(event_name)}:{quote(kind)}::label:{quote(label)}::pos:{quote(position)}"


def attribute(key: str, value: str) -> str:
    return f"attr:{quote(key)}:{quote(value)}"


def variant(experiment: str, name: str) -> str:
    return f"exp:{quote(experiment)}:{quote(name)}"


def city(country: str, name: str) -> str:
    return f"city:{quote(country)}:{quote(name)}"


def source(name: str, campaign: str = "") -> str:
    return f"src:{quote(name)}{CAMPAIGN_MARK}{quote(campaign or NO_CAMPAIGN)}"


def named(kind: str, name: str) -> str:
    """A trait of any plain family: `chan`, `ref`, `utm:medium`, `cfg:browser`, `lang`, `geo`, …"""
    return f"{kind}:{quote(name)}"


def family(trait: str) -> str:
    """`evt`, `page`, `src`, `everyone` …"""
    return trait.partition(":")[0]


def is_of_session(trait: str) -> bool:
    """Whether it is a trait of the whole session; everyone, entry and exit pages are not."""
    return trait.startswith(OF_SESSION)


def is_entry_or_exit(trait: str) -> bool:
    return trait.startswith(("entry:", "exit:"))


def name_of(trait: str) -> str:
    """The name inside an `evt:`, `page:` or other plain trait."""
    return unquote(trait.partition(":")[2])


def page_viewed(traits: str) -> str | None:
    """The page that an event with these traits, a line each, is a view of: other events have no `page:`."""
    return next((name_of(trait) for trait in traits.split("\n") if trait.startswith("page:")), None)


def source_of(trait: str) -> tuple[str, str]:
    """(source, campaign) of a `src:` trait; the campaign is `(none)` where there was none."""
    name, _, campaign = trait.removeprefix("src:").partition(CAMPAIGN_MARK)
    return unquote(name), unquote(campaign)
