import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.enrichment.languages import language


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("fr", "fr"),
        ("EN-us", "en-US"),
        ("en_GB", "en-GB"),
        ("en_US.UTF-8", "en-US"),
        ("zh-TW", "zh-TW"),
        ("zh-Hant", "zh-TW"),
        ("zh-Hans", "zh-CN"),
        ("zh-Hant-HK", "zh-HK"),
        ("zh-yue-HK", "zh-HK"),
        ("sr-Latn-RS", "sr-RS"),
        ("es-419", "es-419"),
        ("de-DE-u-co-phonebk", "de-DE"),
        ("de-u-nu-latn", "de"),
        ("iw-IL", "he-IL"),
        ("deu", "de"),
        ("fil-PH", "fil-PH"),
        ("fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5", "fr-CH"),
        ("en;q=0.5, de-AT;q=0.9", "de-AT"),
        ("*, de;q=0.2", "de"),
        ("qq, it;q=0.3", "it"),
        ("en;q=0", ""),
        ("", ""),
        ("*", ""),
        ("C", ""),
        ("POSIX", ""),
        ("xx-YY", ""),
        ("english", ""),
        ("<script>", ""),
        ("-", ""),
        ("x" * 300 + ",fr", ""),
    ],
)
def test_languages(tag: str, expected: str) -> None:
    assert language(tag) == expected


@given(st.one_of(st.text(max_size=300), st.from_regex(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}", fullmatch=True)))
def test_any_text_gives_a_short_tag_that_gives_itself(tag: str) -> None:
    found = language(tag)
    assert found == "" or re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2}|-[0-9]{3})?", found)
    assert language(found) == found
