"""The channel that a session came through: Google Analytics' default channel group, and AI assistants. Pure.

The names, the rules and their order are those of "[GA4] Default channel group",
https://support.google.com/analytics/answer/9756891; the first rule that fits decides. Two things differ:

- `AI Assistants` stands before the organic channels. Google has such a group but publishes no rank for it.
- Which sites search, sell or show videos is our own list (`channel_sources`).
"""

import re

from tracking.enrichment import channel_sources as sources

DIRECT = "Direct"
CROSS_NETWORK = "Cross-network"
DISPLAY = "Display"
PAID_OTHER = "Paid Other"
AI_ASSISTANTS = "AI Assistants"
EMAIL = "Email"
AFFILIATES = "Affiliates"
REFERRAL = "Referral"
AUDIO = "Audio"
SMS = "SMS"
PUSH = "Mobile Push Notifications"
UNASSIGNED = "Unassigned"
SUBJECTS = {  # in the order of the rules, paid and organic alike
    sources.SHOPPING: "Shopping",
    sources.SEARCH: "Search",
    sources.SOCIAL: "Social",
    sources.VIDEO: "Video",
}
ORGANIC_ORDER = (sources.SHOPPING, sources.SOCIAL, sources.VIDEO, sources.SEARCH)

NO_MEDIUM = frozenset(["", "(none)", "(not set)"])
NO_SOURCE = frozenset(["", "(direct)", "(not set)"])
DISPLAY_MEDIA = frozenset(["display", "banner", "expandable", "interstitial", "cpm"])
SOCIAL_MEDIA = frozenset(["social", "social-network", "social-media", "sm", "social network", "social media"])
EMAIL_WORDS = frozenset(["email", "e-mail", "e_mail", "e mail"])
REFERRAL_MEDIA = frozenset(["referral", "app", "link"])
ASSISTANT_MEDIA = frozenset(["ai-assistant", "ai assistant", "ai_assistant"])

_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_SHOPPING_CAMPAIGN = re.compile(r".*(([^a-df-z]|^)shop|shopping).*")


def channel(source: str, medium: str, campaign: str, referring_host: str, click: str = "") -> str:
    """The channel's name, as `Organic Search`.

    `source`: the `utm_source`, or else the referring host, or `(direct)`. `medium` and `campaign`: as the address
    says, "" when it does not. `referring_host`: of another site, "" when there is none. `click`: the name of a click
    parameter in the address (`gclid`); an advertisement's makes the session paid whatever the medium says, and
    counts for its network where the source is no site that is known.
    """
    source, medium, campaign = (text.strip().lower() for text in (source, medium, campaign))
    clicked = sources.CLICKS.get(click.lower())
    if source in NO_SOURCE and medium in NO_MEDIUM and not campaign and clicked is None:
        return DIRECT
    if "cross-network" in campaign:
        return CROSS_NETWORK
    kind = sources.kind_of(source)
    if not kind and clicked is not None and (clicked.paid or source in NO_SOURCE):
        kind = sources.kind_of(clicked.network)
    if _PAID.fullmatch(medium) or (clicked is not None and clicked.paid):
        return _paid(kind, medium, campaign, click.lower())
    if medium in DISPLAY_MEDIA:
        return DISPLAY
    if kind == sources.ASSISTANT or medium in ASSISTANT_MEDIA:
        return AI_ASSISTANTS
    return _organic(kind, medium, campaign) or _other(source, medium, referring_host)


def _paid(kind: str, medium: str, campaign: str, click: str) -> str:
    if _SHOPPING_CAMPAIGN.fullmatch(campaign):
        kind = sources.SHOPPING
    if kind in SUBJECTS:
        return f"Paid {SUBJECTS[kind]}"
    return DISPLAY if medium in DISPLAY_MEDIA or click == "dclid" else PAID_OTHER


def _organic(kind: str, medium: str, campaign: str) -> str:
    fits = {
        sources.SHOPPING: bool(_SHOPPING_CAMPAIGN.fullmatch(campaign)),
        sources.SOCIAL: medium in SOCIAL_MEDIA,
        sources.VIDEO: "video" in medium,
        sources.SEARCH: medium == "organic",
    }
    return next((f"Organic {SUBJECTS[some]}" for some in ORGANIC_ORDER if kind == some or fits[some]), "")


def _other(source: str, medium: str, referring_host: str) -> str:
    if source in EMAIL_WORDS or medium in EMAIL_WORDS:
        return EMAIL
    if medium == "affiliate":
        return AFFILIATES
    # A link from another site has no medium of its own; Google Analytics writes `referral` there.
    if medium in REFERRAL_MEDIA or (medium in NO_MEDIUM and referring_host and source == referring_host):
        return REFERRAL
    if medium == "audio":
        return AUDIO
    if "sms" in (source, medium):
        return SMS
    if medium.endswith("push") or "mobile" in medium or "notification" in medium or source == "firebase":
        return PUSH
    return UNASSIGNED
