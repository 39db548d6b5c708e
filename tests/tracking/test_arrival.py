import pytest

from tracking.arrival import arrival, path_of

PAGE = "https://www.shop.example/a"


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
        (f"{PAGE}?utm_source=a%00b%0A", "", ("ab", "", True)),
        (f"{PAGE}?utm_source=%20", "", ("(direct)", "", False)),
        (f"{PAGE}?" + "a=1&" * 300 + "utm_source=late", "", ("(direct)", "", False)),
        ("https://[", "https://[", ("(direct)", "", False)),
    ],
)
def test_where_a_visitor_came_from(url: str, referrer: str, expected: tuple[str, str, bool]) -> None:
    assert tuple(arrival(url, referrer)) == expected


@pytest.mark.parametrize(
    ("url", "path"), [("https://a.example", "/"), ("https://a.example/b?c#d", "/b"), ("", "/"), ("https://[/x", "/")]
)
def test_the_path_leaves_out_query_and_fragment(url: str, path: str) -> None:
    assert path_of(url) == path
