"""What browsers load: compressed, cached for good under a hashed name, and the tracker for any site."""

import gzip
import re
from base64 import b64encode
from hashlib import sha384

import brotli
import pytest

from tests.stack import Stack
from tracker import files


def test_styles_are_compressed_and_cached_for_good(stack: Stack) -> None:
    page = stack.send("/login/").body.decode()
    styles = re.findall(r'<link rel="stylesheet" href="(/static/[^"]+)"', page)
    assert styles
    for path in styles:
        answer = stack.send(path, **{"Accept-Encoding": "gzip"})
        assert answer.status == 200
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]
        assert gzip.decompress(answer.body)
    assert stack.send("/static/../aktivat_site/settings.py").status == 404
    assert stack.send("/static/css/").status == 404


@pytest.mark.parametrize("name", [files.CORE, files.MORE])
def test_the_tracker_may_be_loaded_by_any_site(name: str, stack: Stack) -> None:
    answer = stack.send(f"/js/{name}.js")
    assert answer.body == (files.FOLDER / f"{name}.js").read_bytes()
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Content-Encoding" not in answer.headers
    assert stack.send(f"/js/{name}.js", **{"If-None-Match": answer.headers["ETag"]}).status == 304


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip")])
def test_the_tracker_is_compressed_as_the_browser_can(accepted: str, encoding: str, stack: Stack) -> None:
    answer = stack.send("/js/trackr.js", **{"Accept-Encoding": accepted})
    assert answer.headers["Content-Encoding"] == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    unpacked = gzip.decompress(answer.body) if encoding == "gzip" else brotli.decompress(answer.body)
    assert unpacked == files.current().core
    assert len(answer.body) <= 3_000


def test_a_version_that_a_page_names(stack: Stack) -> None:
    tracker = files.current()
    answer = stack.send(f"/js/trackr-{tracker.version}.js")
    assert f"sha384-{b64encode(sha384(answer.body).digest()).decode()}" == tracker.integrity
    assert "immutable" in answer.headers["Cache-Control"]
    assert stack.send(f"/js/trackr-{tracker.version}-more.js").body == tracker.more
    assert stack.send("/js/trackr-0123456789ab.js").status == 404
    assert stack.send("/js/other.js").status == 404
