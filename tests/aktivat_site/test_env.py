"""A setting that cannot be used stops the start with a sentence that names it."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from aktivat_site import env

NAME = "THE_VARIABLE"


@pytest.mark.parametrize(("text", "number"), [("", 7), ("0", 0), (" 12 ", 12)])
def test_whole_numbers(monkeypatch: pytest.MonkeyPatch, text: str, number: int) -> None:
    monkeypatch.setenv(NAME, text)
    assert env.integer(NAME, 7) == number


@pytest.mark.parametrize("text", ["-1", "1.5", "many", "²", "0"])
def test_what_is_no_such_number(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} is .*; say a whole number, 1 or more"):
        env.integer(NAME, 7, least=1)


def test_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "127.0.0.1, 10.0.0.0/8")
    assert env.networks(NAME).holds("10.1.2.3")
    monkeypatch.setenv(NAME, "")
    assert not env.networks(NAME).holds("127.0.0.1")
    monkeypatch.setenv(NAME, "127.0.0.1,proxy")
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}: 'proxy' is no address"):
        env.networks(NAME)


def test_a_file_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(NAME, "")
    assert env.file(NAME) == ""
    monkeypatch.setenv(NAME, str(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}: the file .*none cannot be read"):
        env.file(NAME)
    (tmp_path / "some").touch()
    monkeypatch.setenv(NAME, str(tmp_path / "some"))
    assert env.file(NAME) == str(tmp_path / "some")


def test_names_and_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "s, stats_2")
    assert env.slugs(NAME) == ["s", "stats_2"]
    monkeypatch.setenv(NAME, "/e, /px/v1.0")
    assert env.paths(NAME) == ["/e", "/px/v1.0"]


@pytest.mark.parametrize("text", ["e", "/", "/a b", "//e", "/e/", "/e?x"])
def test_what_is_no_path(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}: .* is no path such as /e"):
        env.paths(NAME)


@pytest.mark.parametrize("text", ["a/b", "a.js", "é"])
def test_what_is_no_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}: .* may have letters"):
        env.slugs(NAME)
