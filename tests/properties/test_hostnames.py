import pytest

from accounts.models import Account
from properties import definitions
from properties.definitions import HostnameTaken
from properties.hostnames import normalise, patterns_for


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" WWW.Example.com. ", "www.example.com"),
        ("*.example.com", "*.example.com"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("*", "*"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_hostnames_have_one_form(typed: str, kept: str) -> None:
    assert normalise(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://example.com",
        "a b",
        "*.*.example",
        "-a.example",
        "a/..",
        "a" * 300,
        "é\x00",
        "straße.example",
        "λόγος.example",
    ],
)
def test_what_is_no_hostname_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is not a hostname|xn-- form"):
        normalise(typed)


def test_the_most_exact_pattern_comes_first() -> None:
    assert list(patterns_for("a.b.example")) == ["a.b.example", "*.b.example", "*.example", "*"]


def test_a_hostname_belongs_to_one_property_of_an_account(account: Account) -> None:
    first = definitions.create(account, "First", ["a.example", "A.example"])
    assert [host.pattern for host in first.hostnames.all()] == ["a.example"]
    with pytest.raises(HostnameTaken, match="First"):
        definitions.create(account, "Second", ["a.example"])
    assert account.properties.count() == 1, "nothing is left behind"
    definitions.set_hostnames(first, ["b.example"])
    definitions.create(account, "Second", ["a.example"])
