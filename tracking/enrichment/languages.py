"""The visitor's language, from `navigator.language` or an Accept-Language header. Pure.

Written as BCP 47 (RFC 5646) writes it, but only the language and the region: `fr`, `en-US`, `zh-TW`.
"""

import re
from functools import lru_cache

LONGEST = 200  # letters, and
MOST = 10  # ranges of a header that are looked at

# ISO 639-1, and the languages without a code there that browsers are translated into.
_KNOWN = """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el
    en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu
    ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na
    nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn
    so sq sr ss st su sv sw ta te tg th ti tk tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu ach
    ast bem brx cak chr ckb dsb fil fur gsw haw hmn hsb kab kok lij mai mni nso sat scn skr son szl tok yue
"""
KNOWN = frozenset(_KNOWN.split())
# Codes that were renamed (IANA language subtag registry), and long codes of languages that have a short one.
RENAMED = {"in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro", "tl": "fil"} | {
    "ara": "ar", "ces": "cs", "dan": "da", "deu": "de", "ger": "de", "ell": "el", "eng": "en", "fin": "fi", "fra": "fr",
    "fre": "fr", "heb": "he", "hin": "hi", "hun": "hu", "ita": "it", "jpn": "ja", "kor": "ko", "nld": "nl", "nor": "no",
    "pol": "pl", "por": "pt", "ron": "ro", "rus": "ru", "spa": "es", "swe": "sv", "tur": "tr", "ukr": "uk", "zho": "zh",
}  # fmt: skip
# Chinese without a region: the script says it (likely subtags of the Unicode CLDR).
SCRIPTS = {"zh-hant": "TW", "zh-hans": "CN"}

_RANGE = re.compile(
    r"\s*([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*)"
    r"(?:\.[A-Za-z0-9-]+)?"  # the encoding of a POSIX locale
    r"\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?"
)
_REGION = re.compile(r"[A-Z]{2}|[0-9]{3}")


@lru_cache(maxsize=8192)
def language(tag: str) -> str:
    """The language that is wanted most: the first of the highest weight. "" when none is known."""
    best, weight = "", 0.0
    for part in tag[:LONGEST].split(",")[:MOST]:
        found = _RANGE.fullmatch(part)
        if found is None:
            continue
        wanted = float(found[2]) if found[2] else 1.0
        if wanted > weight and (canonical := _canonical(found[1])):
            best, weight = canonical, wanted
    return best


def _canonical(tag: str) -> str:
    primary, *rest = tag.replace("_", "-").split("-")
    known = RENAMED.get(primary.lower(), primary.lower())
    if known not in KNOWN:
        return ""
    region = ""
    for part in rest[:3]:  # an extended language and a script may come before the region
        if len(part) == 1:  # extensions and private use follow
            break
        if _REGION.fullmatch(part.upper()):
            return f"{known}-{part.upper()}"
        region = SCRIPTS.get(f"{known}-{part.lower()}", region)
    return f"{known}-{region}" if region else known
