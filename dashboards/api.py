"""The reports as JSON, for programs: the same dataclasses that the pages show.

GET /api/v1/properties/3/reports/overview/?from=2026-11-01&to=2026-11-24
Authorization: Bearer akt_…
"""

from datetime import UTC, datetime

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import tokens
from dashboards.ranges import BadRange, from_query
from dashboards.reports.overview import overview
from dashboards.unreachable import AWAY
from properties.access import access_property_by_token


@login_not_required
@require_GET
@never_cache
def overview_report(request: HttpRequest, property_id: int) -> HttpResponse:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    token = tokens.verify(text.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        return _problem(401, "Send an API token, as Authorization: Bearer akt_….")
    prop = access_property_by_token(token, property_id)
    if prop is None:
        return _problem(404, "The token's account has no such property.")
    now = datetime.now(UTC)
    try:
        report = overview(prop, from_query(request.GET, now.astimezone(prop.tz).date()), now)
    except BadRange as error:
        return _problem(400, str(error))
    except AWAY:
        return _problem(503, "The data servers are not reachable; try again.")
    return HttpResponse(msgspec.json.encode(report), content_type="application/json")


def _problem(status: int, sentence: str) -> JsonResponse:
    response = JsonResponse({"error": sentence}, status=status)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response
