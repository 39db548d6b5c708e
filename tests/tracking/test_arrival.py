import pytest

from tracking.arrival import Arrival, arrival, path_of

PAGE = "https://www.shop.example/a"
MANY = "&".join(["a=1"] * 300)


@pytest.mark.parametrize(
    ("url", "referrer", "expected"),
    [
        (PAGE, "", ("(direct)", "", False)),
        (PAGE, "https://shop.example/b", ("(direct)", "", False)),
        (PAGE, "https://www.search.example/?q=1", ("search.example", "", False)),
        (f"{PAGE}?utm_source=news&utm_campaign=spring", "", ("news", "spring", True)),
        (f"{PAGE}?utm_source=news", "https://x.example/", ("news", "", True)),
        (f"{PAGE}?utm_campaign=spring", "https://x.example/", ("x.example", "spring", True)),
        (f"{PAGE}?utm_campaign=spring", "", ("(direct)", "spring", True)),
        (f"{PAGE}?utm_medium=email", "", ("(direct)", "", False)),
        (f"{PAGE}?gclid=1", "", ("(direct)", "", False)),
        (f"{PAGE}?utm_source=a%00b%0A", "", ("ab", "", True)),
        (f"{PAGE}?utm_source=%20", "", ("(direct)", "", False)),
        pytest.param(f"{PAGE}?{MANY}&utm_source=late", "", ("(direct)", "", False), id="too-many-parameters"),
        ("https://[", "https://[", ("(direct)", "", False)),
    ],
)
def test_where_a_visitor_came_from(url: str, referrer: str, expected: tuple[str, str, bool]) -> None:
    assert arrival(url, referrer)[:3] == expected


def test_all_that_an_address_says() -> None:
    url = f"{PAGE}?utm_source=Google&utm_medium=cpc&utm_campaign=spring&utm_term=shoes&utm_content=blue+one&gclid=x"
    assert arrival(url, "https://www.google.com/") == Arrival(
        source="Google",
        campaign="spring",
        by_campaign=True,
        medium="cpc",
        term="shoes",
        content="blue one",
        utm_source="Google",
        utm_campaign="spring",
        referrer="google.com",
        channel="Paid Search",
    )


def test_what_the_address_does_not_say_is_empty() -> None:
    assert arrival(PAGE, "https://blog.example/") == Arrival(
        "blog.example", "", False, referrer="blog.example", channel="Referral"
    )


@pytest.mark.parametrize(
    ("referrer", "expected"),
    [
        ("", ""),
        (PAGE, ""),
        ("https://shop.example/other", ""),
        ("https://www.blog.example", "blog.example"),
        ("https://WWW.Blog.example/", "blog.example"),
        ("https://blog.example/2026/a-post?token=1#x", "blog.example/2026/a-post"),
        ("https://jane:pw@blog.example/a", "blog.example/a"),
        ("android-app://com.reddit.frontpage/", "com.reddit.frontpage"),
        pytest.param("https://blog.example/" + "a" * 500, "blog.example/" + "a" * 187, id="a-long-one"),
    ],
)
def test_the_page_that_linked_here(referrer: str, expected: str) -> None:
    assert arrival(PAGE, referrer).referrer == expected


@pytest.mark.parametrize(
    ("query", "referrer", "expected"),
    [
        ("", "", "Direct"),
        ("", "https://shop.example/b", "Direct"),
        ("", "https://www.google.co.uk/", "Organic Search"),
        ("?gclid=abc", "https://www.google.co.uk/", "Paid Search"),
        ("?GCLID=%5Bremoved%5D", "", "Paid Search"),
        ("?fbclid=abc", "https://l.facebook.com/", "Organic Social"),
        ("?fbclid=abc&utm_medium=paid", "https://l.facebook.com/", "Paid Social"),
        ("?fbclid=abc&gclid=abc", "", "Paid Search"),
        ("?gclid=", "", "Direct"),
        ("?q=gclid", "", "Direct"),
        ("?utm_source=chatgpt.com", "", "AI Assistants"),
        ("", "https://gemini.google.com/app", "AI Assistants"),
        ("?utm_medium=email&utm_source=newsletter", "https://mail.google.com/", "Email"),
        ("?utm_campaign=launch", "https://blog.example/a", "Referral"),
    ],
)
def test_channels(query: str, referrer: str, expected: str) -> None:
    assert arrival(PAGE + query, referrer).channel == expected


@pytest.mark.parametrize(
    ("url", "path"), [("https://a.example", "/"), ("https://a.example/b?c#d", "/b"), ("", "/"), ("https://[/x", "/")]
)
def test_the_path_leaves_out_query_and_fragment(url: str, path: str) -> None:
    assert path_of(url) == path
