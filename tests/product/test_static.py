"""What browsers load: compressed, cached for good under a hashed name, and the tracker for any site."""

import gzip
import re

from tests.stack import ROOT, Stack


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


def test_the_tracker_may_be_loaded_by_any_site(stack: Stack) -> None:
    answer = stack.send("/js/trackr.js")
    assert answer.body == (ROOT / "static" / "js" / "trackr.js").read_bytes()
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert stack.send("/js/trackr.js", **{"If-None-Match": answer.headers["ETag"]}).status == 304
