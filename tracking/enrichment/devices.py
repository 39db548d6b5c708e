"""Browser, platform and kind of device, read from the User-Agent header. Pure.

Families and versions come from ua-parser (the uap-core patterns, matched by its Rust engine). The kind of
device is decided here by words in the header, because uap-core names models, not kinds. An iPad that asks
for desktop pages says that it is a Mac, and is counted as one: the header holds nothing else.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from ua_parser import Domain, load_lazy_builtins
from ua_parser.regex import Resolver

LONGEST = 512  # letters of a header that are looked at

BROWSERS = {
    "Amazon Silk": "silk",
    "Android": "android browser",
    "Brave": "brave",
    "Chrome": "chrome",
    "Chrome Mobile": "chrome",
    "Chrome Mobile WebView": "chrome",
    "Chrome Mobile iOS": "chrome",
    "Chromium": "chrome",
    "DuckDuckGo": "duckduckgo",
    "DuckDuckGo Mobile": "duckduckgo",
    "Edge": "edge",
    "Edge Mobile": "edge",
    "Facebook": "facebook",
    "Firefox": "firefox",
    "Firefox Focus": "firefox",
    "Firefox Mobile": "firefox",
    "Firefox iOS": "firefox",
    "Google": "google app",
    "HeadlessChrome": "chrome",
    "Huawei Browser": "huawei browser",
    "IE": "internet explorer",
    "IE Mobile": "internet explorer",
    "Instagram": "instagram",
    "MiuiBrowser": "miui browser",
    "Mobile Safari": "safari",
    "Mobile Safari UI/WKWebView": "safari",
    "Opera": "opera",
    "Opera Mini": "opera",
    "Opera Mobile": "opera",
    "Opera Touch": "opera",
    "QQ Browser": "qq browser",
    "QQ Browser Mobile": "qq browser",
    "Safari": "safari",
    "Samsung Internet": "samsung internet",
    "UC Browser": "uc browser",
    "Vivaldi": "vivaldi",
    "Whale": "whale",
    "Yandex Browser": "yandex browser",
}
PLATFORMS = {
    "Android": "android",
    "Arch Linux": "linux",
    "CentOS": "linux",
    "Chrome OS": "chromeos",
    "Debian": "linux",
    "Fedora": "linux",
    "Gentoo": "linux",
    "Linux": "linux",
    "Linux Mint": "linux",
    "Mac OS X": "macos",
    "Mageia": "linux",
    "Red Hat": "linux",
    "SUSE": "linux",
    "Slackware": "linux",
    "Ubuntu": "linux",
    "Windows": "windows",
    "iOS": "ios",
}
DESKTOPS = frozenset(["windows", "macos", "linux", "chromeos"])

# The first that is found decides: a console says that it is Windows, a television that it is Android.
_KINDS = (
    ("console", re.compile(r"playstation|nintendo|xbox")),
    (
        "tv",
        re.compile(
            r"smart-?tv|apple ?tv|google ?tv|android ?tv|hbbtv|netcast|web0s|webos\.tv|bravia|viera|roku|crkey"
            r"|\baft[a-z]{1,4}\b|\btv\b"
        ),
    ),
    # "Tablet PC" is what Windows with a pen says. An Android tablet leaves out the word Mobile.
    (
        "tablet",
        re.compile(r"ipad|tablet(?! pc)|kindle|playbook|\bkf[a-z]{2,5}\b|silk(?!.*mobile)|android(?!.*(?:mobi|mini))"),
    ),
    ("mobile", re.compile(r"iphone|ipod|mobile|windows phone|opera mini|kaios")),
)

# Built once, on import: about 0.3 s and 34 MB in a process.
_resolve = Resolver(load_lazy_builtins())


class Device(NamedTuple):
    """`browser`: a family in lower case, or `other`. `version`: its major number, "" when unknown.

    `platform`: windows, macos, linux, android, ios, chromeos or other. `kind`: desktop, mobile, tablet, tv,
    console or other.
    """

    browser: str
    version: str
    platform: str
    kind: str


def device(user_agent: str) -> Device:
    """What the header says; `other` everywhere for an empty or unknown one. Never raises."""
    return _device(user_agent[:LONGEST])


@lru_cache(maxsize=16_384)
def _device(user_agent: str) -> Device:
    found = _resolve(user_agent, Domain.USER_AGENT | Domain.OS)
    browser, version = "other", ""
    if found.user_agent and found.user_agent.family in BROWSERS:
        browser, version = BROWSERS[found.user_agent.family], found.user_agent.major or ""
    platform = PLATFORMS.get(found.os.family, "other") if found.os else "other"
    return Device(browser, version, platform, _kind(user_agent.lower(), platform))


def _kind(lower: str, platform: str) -> str:
    for kind, words in _KINDS:
        if words.search(lower):
            return kind
    return "desktop" if platform in DESKTOPS else "other"
