"""The tracker's script. The collector answers the rest of /track/ and is no view."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import condition, require_safe

SCRIPT = settings.BASE_DIR / "static" / "js" / "trackr.js"


def _etag(request: HttpRequest) -> str:
    changed = SCRIPT.stat()
    return f'"{changed.st_mtime_ns:x}-{changed.st_size:x}"'


@login_not_required
@require_safe
@condition(etag_func=_etag)
def trackr(request: HttpRequest) -> HttpResponseBase:
    response = HttpResponse(SCRIPT.read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "public, max-age=3600"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Access-Control-Allow-Origin"] = "*"
    return response
