import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.grouping import parse

RULES = """
/product/:id
/blog/* -> Blog post
/shop/** -> Shop
/shop/sale -> never reached: the first that fits decides
/a.b
/files/report-*.pdf
"""


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/product/12", "/product/:id"),
        ("/product/12/", "/product/:id"),
        ("/product/12/reviews", "/product/12/reviews"),
        ("/product/", "/product/"),
        ("/product", "/product"),
        ("/blog/hello", "Blog post"),
        ("/blog/2026/hello", "/blog/2026/hello"),
        ("/shop", "Shop"),
        ("/shop/sale", "Shop"),
        ("/shop/a/b/c", "Shop"),
        ("/shopping", "/shopping"),
        ("/a.b", "/a.b"),
        ("/axb", "/axb"),
        ("/files/report-7.pdf", "/files/report-*.pdf"),
        ("/files/report-7.pdf/x", "/files/report-7.pdf/x"),
        ("", ""),
    ],
)
def test_the_first_pattern_that_fits_names_the_page(path: str, page: str) -> None:
    assert parse(RULES).page(path) == page


@given(st.text(max_size=40))
def test_every_path_is_a_page(path: str) -> None:
    grouping = parse(RULES)
    assert grouping.page(path) in {path, *(rule.name for rule in grouping.rules)}


@given(st.text("ab.*+?()[]{}|^$\\", min_size=1, max_size=8).filter(lambda text: "*" not in text))
def test_letters_of_a_pattern_mean_themselves(text: str) -> None:
    grouping = parse(f"/{text}/end -> found")
    assert grouping.page(f"/{text}/end") == "found"
    assert grouping.page(f"/{text}x/end") == f"/{text}x/end"


@pytest.mark.parametrize("line", ["product/:id", "/a/**/b", "/a** -> x", "/a ->", "-> x"])
def test_a_wrong_line_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=r"slash|end|behind") as raised:
        parse(f"/fine\n{line}")
    assert repr(line) in str(raised.value)


@pytest.mark.parametrize("line", ["/*a*a*a*b", "/**/b/**", "/a*b*/c"])
def test_patterns_that_could_take_for_ever_are_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"one \*"):
        parse(line)
