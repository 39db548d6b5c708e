"""What the data set's codes stand for: event names, pages, arrivals, devices, places. Pure.

Codes are places in these tables; weights are shares, not yet normalised. The names are invented, the
User-Agents are those of browsers of 2025. What a User-Agent or an address means is asked of the
product itself, so that a trait here is the trait that the drain would note.
"""

from typing import NamedTuple

HOST = "shop.example"
HOME = f"https://{HOST}/"

# The first four are the funnel, in its order; what leads from one to the next is in columns.py.
NAMES: tuple[tuple[str, float], ...] = (
    ("view_item", 9.0),
    ("add_to_cart", 0.8),
    ("begin_checkout", 0.2),
    ("purchase", 0.1),
    ("pageview", 50.0),
    ("visible", 12.0),
    ("scroll", 8.0),
    ("click", 6.0),
    ("search", 3.0),
    ("filter", 2.0),
    ("view_list", 1.8),
    ("zoom", 1.2),
    ("video_start", 0.9),
    ("video_end", 0.5),
    ("download", 0.4),
    ("share", 0.3),
    ("signup", 0.25),
    ("login", 0.6),
    ("logout", 0.15),
    ("newsletter", 0.3),
    ("add_to_wishlist", 0.5),
    ("remove_from_cart", 0.3),
    ("apply_coupon", 0.2),
    ("choose_size", 0.8),
    ("choose_colour", 0.7),
    ("compare", 0.3),
    ("review", 0.1),
    ("contact", 0.15),
    ("faq", 0.4),
    ("error", 0.3),
    ("outbound", 0.4),
)
NAME_CODE = {name: code for code, (name, _) in enumerate(NAMES)}
FUNNEL = tuple(name for name, _ in NAMES[:4])
PAGEVIEW = NAME_CODE["pageview"]
VISIBLE = NAME_CODE["visible"]
PURCHASE = NAME_CODE["purchase"]

PAGES = 2_000
PLANS = ("", "free", "starter", "team", "business", "enterprise")
PLAN_WEIGHTS = (88.0, 6.0, 3.0, 1.5, 1.0, 0.5)


class Arrival(NamedTuple):
    """How a session came: the query of its first address, and the referrer."""

    query: str
    referrer: str
    weight: float


def _links(weight: float, *hosts: str) -> list[Arrival]:
    return [Arrival("", f"https://{host}/", weight) for host in hosts]


def _campaigns(source: str, medium: str, weight: float, *names: str) -> list[Arrival]:
    query = f"utm_source={source}&utm_medium={medium}&utm_campaign="
    return [Arrival(query + name, "", weight / (rank + 1)) for rank, name in enumerate(names)]


SEASONS = ("spring", "summer", "autumn", "winter")
SALES = ("black-week", "new-year", "clearance", "members")
ARRIVALS: tuple[Arrival, ...] = (
    Arrival("", "", 34.0),
    Arrival("", "https://www.google.com/", 24.0),
    *_links(2.5, "www.bing.com", "duckduckgo.com", "www.facebook.com", "www.instagram.com"),
    *_links(1.0, "www.youtube.com", "www.pinterest.com", "www.reddit.com", "t.co", "www.linkedin.com", "chatgpt.com"),
    *_links(0.4, *(f"blog{number}.example" for number in range(1, 9))),
    *_links(0.15, *(f"forum{number}.example" for number in range(1, 7))),
    *_campaigns("newsletter", "email", 4.0, *SEASONS, *SALES),
    *_campaigns("google", "cpc", 3.5, *SEASONS, *SALES),
    *_campaigns("facebook", "paid_social", 2.0, *SEASONS, *SALES),
    *_campaigns("partner", "affiliate", 1.0, *SALES),
)


class Agent(NamedTuple):
    user_agent: str
    screens: tuple[str, ...]
    weight: float


_KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_KHTML}"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {_KHTML}"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)"
_IPAD = "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X)"
_LARGE = ("1920x1080", "1536x864", "2560x1440", "1366x768")
_APPLE = ("1440x900", "1728x1117", "2560x1440")
_PHONES = ("360x800", "393x873", "412x915", "384x832")
_IPHONES = ("390x844", "393x852", "430x932", "375x812")
_TABLETS = ("820x1180", "768x1024", "1024x1366")
AGENTS: tuple[Agent, ...] = (
    *(Agent(f"{_WINDOWS} Chrome/{n}.0.0.0 Safari/537.36", _LARGE, 24 / (143 - n)) for n in range(132, 143)),
    *(Agent(f"{_ANDROID} Chrome/{n}.0.0.0 Mobile Safari/537.36", _PHONES, 28 / (143 - n)) for n in range(132, 143)),
    *(Agent(f"{_MAC} {_KHTML} Chrome/{n}.0.0.0 Safari/537.36", _APPLE, 7 / (143 - n)) for n in range(136, 143)),
    *(
        Agent(f"{_IPHONE} {_SAFARI} Version/{version} Mobile/15E148 Safari/604.1", _IPHONES, weight)
        for version, weight in (("18.6", 18), ("18.5", 6), ("17.6", 5), ("16.6", 2))
    ),
    Agent(f"{_IPAD} {_SAFARI} Version/17.7 Mobile/15E148 Safari/604.1", _TABLETS, 2),
    *(Agent(f"{_MAC} {_SAFARI} Version/{v} Safari/605.1.15", _APPLE, w) for v, w in (("18.6", 6), ("17.6", 2))),
    *(
        Agent(f"{_WINDOWS} Chrome/{n}.0.0.0 Safari/537.36 Edg/{n}.0.0.0", _LARGE, 5 / (143 - n))
        for n in (139, 141, 142)
    ),
    *(
        Agent(
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0", _LARGE, 3 / (146 - n)
        )
        for n in (140, 143, 145)
    ),
    *(
        Agent(f"Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0", _LARGE, 1 / (146 - n))
        for n in (140, 145)
    ),
    Agent(f"{_ANDROID} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", _PHONES, 3),
    Agent(f"{_WINDOWS} Chrome/127.0.0.0 Safari/537.36 OPR/113.0.0.0", _LARGE, 1),
)

# Countries (ISO 3166-1) in the order of their share, and what is mostly spoken in the first of them.
_COUNTRIES = """
    US DE GB FR IN BR CA NL ES IT PL AU JP MX SE CH BE AT TR ID NO DK PT RO CZ FI IE GR HU ZA AR CO CL VN TH PH MY SG
    KR TW HK UA NZ IL AE SA EG MA NG KE PK BD LK NP PE EC VE UY PY BO CR PA GT SV HN NI DO CU JM TT SK SI HR RS BG LT
    LV EE LU MT CY IS AL MK BA ME MD BY KZ UZ GE AM AZ MN KH LA MM BN IQ JO LB KW QA OM BH TN DZ LY GH CI SN CM UG TZ
    RW ZM ZW
"""
COUNTRIES = tuple(_COUNTRIES.split())
LANGUAGES = {
    "US": "en-US", "GB": "en-GB", "DE": "de-DE", "FR": "fr-FR", "BR": "pt-BR", "NL": "nl-NL", "ES": "es-ES",
    "IT": "it-IT", "PL": "pl-PL", "AU": "en-AU", "JP": "ja-JP", "MX": "es-MX", "SE": "sv-SE", "CH": "de-CH",
    "IN": "en-IN", "CA": "en-CA", "BE": "nl-BE", "AT": "de-AT", "TR": "tr-TR", "ID": "id-ID", "NO": "nb-NO",
    "DK": "da-DK", "PT": "pt-PT", "RO": "ro-RO", "CZ": "cs-CZ", "FI": "fi-FI", "GR": "el-GR", "HU": "hu-HU",
}  # fmt: skip


def page_path(code: int) -> str:
    """The path of a page; 0 is the home page, smaller codes are more popular."""
    if code == 0:
        return "/"
    return f"/{('shop', 'shop', 'shop', 'blog', 'help')[code % 5]}/{code:04}"
