"""The tracker's scripts, for any site.

    /js/trackr.js                  as this installation has it now; looked for again after an hour
    /js/trackr-<version>.js        that version for good: pages may name it with an integrity
    /js/<name>.js                  the same under the names of AKTIVAT_SCRIPT_NAMES
    each with -more.js             what is loaded behind the page

A version is kept in the database when it is first asked for, so an upgrade takes it from nobody.
"""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from tracker import files
from tracker.files import Script, Tracker
from tracking.models import TrackerVersion

MORE = "-more"
AN_HOUR, FOR_GOOD = "public, max-age=3600", "public, max-age=31536000, immutable"


@login_not_required
@require_safe
def script(request: HttpRequest, name: str) -> HttpResponseBase:
    tracker, cache_control = _tracker_named(name.removesuffix(MORE))
    found = Script.of(tracker.more if name.endswith(MORE) else tracker.core)
    encoding, body = found.encoded(request.headers.get("Accept-Encoding", ""))
    tag = f'"{found.tag}{encoding and "-"}{encoding}"'
    response = HttpResponse(body, content_type="text/javascript; charset=utf-8")
    if tag in [known.strip().removeprefix("W/") for known in request.headers.get("If-None-Match", "").split(",")]:
        response = HttpResponse(status=304)
    elif encoding:
        response["Content-Encoding"] = encoding
    response["ETag"] = tag
    response["Cache-Control"] = cache_control
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Access-Control-Allow-Origin"] = "*"
    patch_vary_headers(response, ["Accept-Encoding"])
    # Django has looked who asks, but everybody gets the same: caches need not tell them apart.
    request.session.accessed = False
    return response


def _tracker_named(name: str) -> tuple[Tracker, str]:
    """The tracker of that name, and how long it may be kept. Raises Http404."""
    current = files.current()
    if name in (files.CORE, *settings.SCRIPT_NAMES):
        return current, AN_HOUR
    _, _, version = name.rpartition("-")
    if version == current.version:
        TrackerVersion.objects.get_or_create(version=version, defaults={"core": current.core, "more": current.more})
        return current, FOR_GOOD
    kept = TrackerVersion.objects.filter(version=version).first()
    if kept is None:
        raise Http404(f"There is no script {name}.js here.")
    return Tracker(bytes(kept.core), bytes(kept.more)), FOR_GOOD
