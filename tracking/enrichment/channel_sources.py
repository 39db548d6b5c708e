"""Which kind of site a source is: search engine, social network, video, shopping or AI assistant. Pure.

A source is a host that linked here (`l.facebook.com`), an app's package (`com.reddit.frontpage`) or the name
that somebody wrote into `utm_source` (`fb`). Brands that have a host in every country are known by rule.
"""

import re
from functools import lru_cache
from typing import NamedTuple

SEARCH, SOCIAL, VIDEO, SHOPPING, ASSISTANT = "search", "social", "video", "shopping", "assistant"

# Brands with a host in many countries.
_BRANDS_OF = {
    SEARCH: "baidu bing google naver seznam yahoo yandex",
    SHOPPING: "aliexpress allegro amazon ebay emag etsy idealo jumia lazada mercadolibre rakuten shein shopee temu "
    "walmart zalando",
    SOCIAL: "facebook instagram linkedin pinterest",
}
# A search engine is its bare host and these: mail.yahoo.com and docs.google.com are something else.
SEARCH_SUBDOMAINS = frozenset(
    ["cse", "go", "html", "images", "int", "lite", "m", "mobile", "news", "newtab", "r", "safe", "search", "start"]
)
NOT_SHOPPING = frozenset(["aws", "kindle", "music", "photos", "sellercentral"])

_HOSTS = {
    SEARCH: """
        360.cn aol.com ask.com avg.com babylon.com biglobe.ne.jp brave.com centrum.cz coccoc.com
        com.google.android.googlequicksearchbox daum.net dogpile.com duckduckgo.com ecosia.org ekoru.org eniro.se
        exalead.com excite.com fireball.de gibiru.com gigablast.com givero.com go.mail.ru goo.ne.jp haosou.com
        hotbot.com info.com infospace.com kagi.com karmasearch.org kiddle.co kvasir.no lilo.org live.com lycos.com
        mamma.com marginalia-search.com metager.de metager.org mojeek.com msn.com mynet.com mysearch.com najdi.si
        ocean-hero.com oceanhero.today petalsearch.com presearch.com presearch.org qwant.com rambler.ru
        search-results.com search.ch search.com search.smt.docomo.ne.jp searchencrypt.com searx.be sm.cn so.com
        so.toutiao.com sogou.com sputnik.ru startpage.com startsiden.no stract.com swisscows.com szukacz.pl voila.fr
        webcrawler.com wiby.me wow.com ya.ru yep.com yippy.com zapmeta.com
    """,
    SOCIAL: """
        4chan.org 9gag.com ameblo.jp ask.fm badoo.com band.us bebo.com behance.net bereal.com blogger.com blogspot.com
        bsky.app classmates.com clubhouse.com com.facebook.katana com.facebook.orca com.instagram.android
        com.instagram.barcelona com.linkedin.android com.pinterest com.reddit.frontpage com.snapchat.android
        com.twitter.android com.vkontakte.android com.whatsapp couchsurfing.com cyworld.com deviantart.com digg.com
        diigo.com discord.com discord.gg discordapp.com disqus.com douban.com dreamwidth.org dribbble.com fark.com
        fb.com fb.me fetlife.com flickr.com flipboard.com foursquare.com gab.com gettr.com goodreads.com
        groups.google.com hatena.ne.jp hi5.com hootsuite.com imgur.com instapaper.com kaixin001.com kakao.com
        kooapp.com last.fm lemmy.ml lemmy.world letterboxd.com lihkg.com lin.ee line.me linktr.ee livejournal.com
        lnkd.in lobste.rs mastodon.online mastodon.social mastodon.world medium.com meetup.com messenger.com mewe.com
        minds.com mix.com mixi.jp mstdn.jp mstdn.social myspace.com nairaland.com naver.me news.ycombinator.com
        nextdoor.com nk.pl odnoklassniki.ru ok.ru org.joinmastodon.android org.telegram.messenger paper.li parler.com
        patreon.com pawoo.net pin.it pinboard.in pixelfed.social pixiv.net plurk.com producthunt.com ptt.cc quora.com
        qzone.qq.com raindrop.io ravelry.com redd.it reddit.com renren.com reverbnation.com scoop.it sharechat.com
        skyrock.com slack.com slashdot.org slideshare.net smugmug.com snapchat.com stackexchange.com stackoverflow.com
        steamcommunity.com stocktwits.com t.co t.me t.umblr.com tagged.com taringa.net telegram.me telegram.org
        threads.com threads.net tieba.baidu.com tripadvisor.com truthsocial.com tumblr.com tweetdeck.com twitter.com
        twoo.com viadeo.com viber.com vk.com vk.ru vkontakte.ru wa.me wattpad.com wechat.com weibo.cn weibo.com
        weixin.qq.com whatsapp.com wykop.pl x.com xiaohongshu.com xing.com yammer.com yelp.com zalo.me zhihu.com
    """,
    VIDEO: """
        bilibili.com bilibili.tv bitchute.com com.google.android.youtube com.netflix.mediaclient
        com.zhiliaoapp.musically crackle.com crunchyroll.com curiositystream.com dailymotion.com disneyplus.com
        douyin.com fb.watch hotstar.com hulu.com iqiyi.com kick.com loom.com metacafe.com nebula.tv netflix.com
        niconico.jp nicovideo.jp odysee.com peertube.tv primevideo.com rumble.com rutube.ru streamable.com ted.com
        tiktok.com triller.co tv.naver.com twitch.tv v.qq.com vevo.com vidyard.com viki.com vimeo.com wistia.com
        wistia.net youku.com youtu.be youtube-nocookie.com youtube.com
    """,
    SHOPPING: """
        1688.com alibaba.com americanas.com.br amzn.to argos.co.uk asos.com bestbuy.com bol.com carousell.com
        cdiscount.com ceneo.pl com.amazon.mshop.android.shopping com.ebay.mobile com.etsy.android costco.com
        coupang.com craigslist.org depop.com dhgate.com falabella.com flipkart.com fnac.com geizhals.at geizhals.de
        gmarket.co.kr heureka.cz homedepot.com jd.com kaufland.de kelkoo.com kijiji.ca kleinanzeigen.de leboncoin.fr
        lowes.com magazineluiza.com.br marktplaats.nl mercadolivre.com.br mercari.com newegg.com nextag.com noon.com
        olx.pl otto.de overstock.com ozon.ru poshmark.com pricegrabber.com pricerunner.com prisjakt.nu qoo10.com
        shop.app shopping.com shopping.google.com shopping.naver.com shopping.yahoo.co.jp shopping.yahoo.com
        shopstyle.com shopzilla.com skroutz.gr snapdeal.com stockx.com taobao.com target.com thredup.com tmall.com
        tokopedia.com toppreise.ch trademe.co.nz trendyol.com twenga.com vinted.com vinted.fr wayfair.com
        wildberries.ru wish.com
    """,
    ASSISTANT: """
        ai.meta.com ai.perplexity.app.android aistudio.google.com andisearch.com bard.google.com character.ai chat.com
        chat.qwen.ai chat.z.ai chatglm.cn chatgpt.com claude.ai com.anthropic.claude com.google.android.apps.bard
        com.openai.chatgpt consensus.app copilot.cloud.microsoft copilot.com copilot.microsoft.com deepseek.com
        doubao.com edgeservices.bing.com felo.ai gemini.google.com genspark.ai grok.com iask.ai jasper.ai kimi.ai
        kimi.com kimi.moonshot.cn komo.ai liner.com lumo.proton.me m365.cloud.microsoft meta.ai mistral.ai monica.im
        notebooklm.google.com openai.com perplexity.ai phind.com pi.ai poe.com qwen.ai tongyi.aliyun.com x.ai
        yiyan.baidu.com you.com yuanbao.tencent.com
    """,
}
_NAMES = {
    SEARCH: "adwords brave ddg duckduckgo ecosia kagi mojeek qwant sogou startpage",
    SOCIAL: "bluesky bsky discord fb hackernews hn ig insta lemmy line mastodon meta messenger pin reddit slack snap "
    "snapchat stackoverflow telegram tg threads tumblr tw twitter vk vkontakte wechat weibo whatsapp x xing yammer",
    VIDEO: "bilibili dailymotion tik-tok tiktok twitch vimeo wistia youku youtube yt",
    SHOPPING: "alibaba amzn google-shopping googleshopping pricerunner vinted",
    ASSISTANT: "anthropic chat-gpt chatgpt claude copilot deepseek gemini grok meta-ai mistral openai perplexity",
}


class Click(NamedTuple):
    """What a click parameter says: the `network` that added it, and whether it does so only on advertisements."""

    network: str
    paid: bool


# Facebook adds fbclid to every link that leaves it, paid or not: it names the network and no more.
CLICKS = {
    "gclid": Click("google", True),
    "gbraid": Click("google", True),
    "wbraid": Click("google", True),
    "dclid": Click("doubleclick", True),
    "msclkid": Click("bing", True),
    "yclid": Click("yandex", True),
    "ttclid": Click("tiktok", True),
    "twclid": Click("twitter", True),
    "li_fat_id": Click("linkedin", True),
    "rdt_cid": Click("reddit", True),
    "sccid": Click("snapchat", True),
    "fbclid": Click("facebook", False),
}

_ADS = re.compile(r"[-_ .]?ads?$")
_SECOND_LEVEL = frozenset(["ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org"])
_TOP_LEVEL = re.compile(r"[a-z]{2,3}")


@lru_cache(maxsize=4096)
def kind_of(source: str) -> str:
    """`search`, `social`, `video`, `shopping`, `assistant`, or "" for any other source. Takes any text."""
    name = source.strip().lower().removeprefix("www.")
    return _kind(name) or _kind(_ADS.sub("", name))


def _kind(name: str) -> str:
    if name in _BY_NAME:
        return _BY_NAME[name]
    labels = name.split(".")[-8:]
    for start, label in enumerate(labels):  # the most exact host first: gemini.google.com before google.com
        kind = _BY_HOST.get(".".join(labels[start:]), "")
        if not kind and label in _BRANDS and _is_country_suffix(labels[start + 1 :]):
            kind = _BRANDS[label]
        if kind:
            return kind if _is_part_of(kind, labels[:start]) else ""
    return ""


def _is_part_of(kind: str, subdomains: list[str]) -> bool:
    if kind == SEARCH:
        return "search" in subdomains or all(part in SEARCH_SUBDOMAINS or len(part) == 2 for part in subdomains)
    return kind != SHOPPING or NOT_SHOPPING.isdisjoint(subdomains)


def _is_country_suffix(suffix: list[str]) -> bool:
    if len(suffix) == 2 and suffix[0] not in _SECOND_LEVEL:
        return False
    return len(suffix) in (1, 2) and _TOP_LEVEL.fullmatch(suffix[-1]) is not None


_BRANDS = {name: kind for kind, names in _BRANDS_OF.items() for name in names.split()}
_BY_HOST = {host: kind for kind, hosts in _HOSTS.items() for host in hosts.split()}
_BY_NAME = _BRANDS | {name: kind for kind, names in _NAMES.items() for name in names.split()}
