import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.enrichment import channels
from tracking.enrichment.channel_sources import CLICKS, kind_of
from tracking.enrichment.channels import channel

KINDS = {
    "search": "google google.com Bing google-ads www.google.co.uk google.de images.google.fr m.baidu.com cn.bing.com "
    "fr.search.yahoo.com search.yahoo.co.jp duckduckgo.com html.duckduckgo.com search.brave.com go.mail.ru "
    "yandex.com.tr com.google.android.googlequicksearchbox search.aol.com",
    "social": "facebook facebook.com l.facebook.com lm.facebook.com m.facebook.com t.co x.com out.reddit.com "
    "com.reddit.frontpage lnkd.in linkedin.com pinterest.co.uk news.ycombinator.com fb IG Facebook_Ads threads "
    "groups.google.com go.bsky.app",
    "video": "youtube.com m.youtube.com youtu.be vimeo.com player.vimeo.com tiktok twitch.tv "
    "com.google.android.youtube",
    "shopping": "amazon.de amazon.co.jp amazon ebay.com.au etsy.com shopping.google.com shopping.yahoo.com amzn.to",
    "assistant": "chatgpt.com chat.openai.com www.perplexity.ai perplexity gemini.google.com "
    "copilot.microsoft.com claude.ai edgeservices.bing.com chatgpt you.com",
    "": "(direct) docs.google.com mail.google.com mail.yahoo.com outlook.live.com aws.amazon.com music.amazon.com "
    "google.evil.example google.example notgoogle.com facebook.com.evil.example newsletter example.org ads "
    "-ads . .. .com",
}


@pytest.mark.parametrize(
    ("source", "kind"), [(source, kind) for kind, names in KINDS.items() for source in names.split()]
)
def test_what_kind_of_site_a_source_is(source: str, kind: str) -> None:
    assert kind_of(source) == kind


@pytest.mark.parametrize(
    ("source", "medium", "campaign", "host", "click", "expected"),
    [
        ("(direct)", "", "", "", "", "Direct"),
        ("", "(none)", "", "", "", "Direct"),
        ("google", "cpc", "Cross-network sale", "", "", "Cross-network"),
        ("amazon.de", "cpc", "", "", "", "Paid Shopping"),
        ("google", "cpc", "Spring Shopping", "", "", "Paid Shopping"),
        ("google", "cpc", "workshop", "", "", "Paid Search"),
        ("google", "cpc", "bishops", "", "", "Paid Search"),
        ("google", "cpc", "eshop", "", "", "Paid Shopping"),
        ("google", "CPC", "spring", "", "", "Paid Search"),
        ("bing", "ppc", "", "", "", "Paid Search"),
        ("facebook", "paid_social", "", "", "", "Paid Social"),
        ("facebook", "cpm", "", "", "", "Paid Social"),
        ("youtube", "paidvideo", "", "", "", "Paid Video"),
        ("partner", "banner", "", "", "", "Display"),
        ("partner", "cpm", "", "", "", "Display"),
        ("partner", "cpc", "", "", "", "Paid Other"),
        ("chatgpt.com", "cpc", "", "", "", "Paid Other"),
        ("partner", "retargeting", "", "", "", "Paid Other"),
        ("chatgpt.com", "", "", "", "", "AI Assistants"),
        ("perplexity.ai", "", "", "perplexity.ai", "", "AI Assistants"),
        ("somebody", "ai-assistant", "", "", "", "AI Assistants"),
        ("ebay.de", "", "", "ebay.de", "", "Organic Shopping"),
        ("newsletter", "email", "shopping days", "", "", "Organic Shopping"),
        ("l.facebook.com", "", "", "l.facebook.com", "", "Organic Social"),
        ("partner", "social-media", "", "", "", "Organic Social"),
        ("youtube.com", "", "", "youtube.com", "", "Organic Video"),
        ("partner", "a video ad", "", "", "", "Organic Video"),
        ("google.fr", "", "", "google.fr", "", "Organic Search"),
        ("somewhere", "organic", "", "", "", "Organic Search"),
        ("newsletter", "e-mail", "", "", "", "Email"),
        ("Email", "", "", "", "", "Email"),
        ("(direct)", "email", "", "", "", "Email"),
        ("partner", "affiliate", "", "", "", "Affiliates"),
        ("blog.example", "", "", "blog.example", "", "Referral"),
        ("blog.example", "", "launch", "blog.example", "", "Referral"),
        ("partner", "referral", "", "", "", "Referral"),
        ("radio", "audio", "", "", "", "Audio"),
        ("sms", "", "", "", "", "SMS"),
        ("partner", "sms", "", "", "", "SMS"),
        ("partner", "web-push", "", "", "", "Mobile Push Notifications"),
        ("firebase", "", "", "", "", "Mobile Push Notifications"),
        ("newsletter", "", "", "blog.example", "", "Unassigned"),
        ("(direct)", "", "spring", "", "", "Unassigned"),
        ("(direct)", "", "", "", "gclid", "Paid Search"),
        ("google.com", "", "", "google.com", "gclid", "Paid Search"),
        ("spring", "email", "", "", "gclid", "Paid Search"),
        ("(direct)", "", "", "", "msclkid", "Paid Search"),
        ("(direct)", "", "", "", "dclid", "Display"),
        ("(direct)", "", "", "", "ttclid", "Paid Video"),
        ("l.facebook.com", "", "", "l.facebook.com", "fbclid", "Organic Social"),
        ("(direct)", "", "", "", "fbclid", "Organic Social"),
        ("facebook", "paid", "", "", "fbclid", "Paid Social"),
        ("newsletter", "email", "", "", "fbclid", "Email"),
    ],
)
def test_the_first_rule_that_fits(
    source: str, medium: str, campaign: str, host: str, click: str, expected: str
) -> None:
    assert channel(source, medium, campaign, host, click) == expected


ALL = {
    *(channels.DIRECT, channels.CROSS_NETWORK, channels.DISPLAY, channels.PAID_OTHER, channels.AI_ASSISTANTS),
    *(channels.EMAIL, channels.AFFILIATES, channels.REFERRAL, channels.AUDIO, channels.SMS, channels.PUSH),
    channels.UNASSIGNED,
    *(f"{how} {what}" for how in ("Paid", "Organic") for what in ("Search", "Social", "Video", "Shopping")),
}
TEXTS = st.one_of(
    st.text(max_size=20), st.sampled_from(["google", "cpc", "email", "chatgpt.com", "a.b", "shop", "ads"])
)


@given(TEXTS, TEXTS, TEXTS, TEXTS, st.sampled_from(["", *CLICKS]))
def test_any_text_has_one_of_the_channels(source: str, medium: str, campaign: str, host: str, click: str) -> None:
    assert channel(source, medium, campaign, host, click) in ALL
