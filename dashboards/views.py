"""The dashboard's pages: each fetches with an access check, asks one report, and renders."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from redis.exceptions import RedisError

from accounts.access import may
from accounts.modules import Level, Module
from accounts.requests import Request
from dashboards import health, page_groups, pages
from dashboards.charts import chart
from dashboards.ranges import DEFAULT_PERIOD, BadRange, DayRange, from_query
from dashboards.reports.live import live
from dashboards.reports.overview import overview
from dashboards.templatetags.numbers import range_words
from dashboards.unreachable import needs_data_servers
from properties import grouping
from properties.access import access_property, patterns_of
from properties.frame import frame
from properties.hostnames import patterns_for
from properties.models import Property
from tracking import drops
from tracking.bitmaps import traits
from tracking.bitmaps.notes import EVENTS
from tracking.bitmaps.slots import Granularity, Slot
from tracking.gauges import collectors
from tracking.progress import progress
from tracking.reading import totals
from tracking.vitals import throughput, vitals

HEALTH_DAYS = 7


@require_GET
@needs_data_servers
def overview_page(request: Request, property_id: int) -> HttpResponse:
    prop = access_property(request.user, property_id, Module.ANALYTICS, Level.VIEW)
    context = frame(request.user, prop, "overview") | _live(prop)
    if progress(prop).first is None:
        context["may_install"] = may(request.user, prop.account_id, Module.PROPERTIES, Level.VIEW)
        return render(request, "dashboards/overview_empty.html", context)
    now = datetime.now(UTC)
    today = now.astimezone(prop.tz).date()
    days, mistake = _range(request, today)
    metric = request.GET.get("metric", pages.DEFAULT_METRIC)
    metric = metric if metric in pages.METRICS else pages.DEFAULT_METRIC
    query = {} if mistake else request.GET.dict()
    context |= _overview(prop, days, now, metric, query)
    context |= {"mistake": mistake, "days": days, "today": today}
    return render(request, "dashboards/overview.html", context, status=400 if mistake else 200)


def _range(request: Request, today: date) -> tuple[DayRange, str]:
    """The range asked for; where the dates make none, the default one and a sentence that says why."""
    try:
        return from_query(request.GET, today), ""
    except BadRange as error:
        return from_query({"period": DEFAULT_PERIOD}, today), str(error)


def _overview(prop: Property, days: DayRange, now: datetime, metric: str, query: dict[str, str]) -> dict[str, Any]:
    report = overview(prop, days, now)
    choices = pages.periods(query, metric)
    values = pages.series(report, metric)
    return {
        "report": report,
        "metric": metric,
        "metric_words": pages.METRICS[metric][0],
        "numbers": pages.numbers(report, query, metric),
        "periods": choices,
        "range_name": pages.chosen_words(choices, days, range_words(days)),
        "chart": chart(values, report.granularity) if values else None,
        "tables": pages.tables(report),
        "nothing": not (report.events.now or report.events.before),
    }


@require_GET
@never_cache
@needs_data_servers
def live_count(request: Request, property_id: int) -> HttpResponse:
    """The live count, or 204 while it is still what the page shows (`shown=`), so that nothing is read out again."""
    prop = access_property(request.user, property_id, Module.ANALYTICS, Level.VIEW)
    context = _live(prop) | {"prop": prop}
    if request.GET.get("shown") == str(context["live"]):
        return HttpResponse(status=204)
    return render(request, "dashboards/live.html", context)


def _live(prop: Property) -> dict[str, int]:
    return {"live": live(prop, datetime.now(UTC))}


@require_GET
@never_cache
@needs_data_servers
def first_event(request: Request, property_id: int) -> HttpResponse:
    """The snippet page's waiting part; asked again by itself until the first event is there."""
    prop = access_property(request.user, property_id, Module.PROPERTIES, Level.VIEW)
    if not request.htmx:
        return redirect("snippet", prop.id)
    first = progress(prop).first
    if first is None and "waiting" in request.GET:
        return HttpResponse(status=204)
    return render(request, "dashboards/first_event.html", {"prop": prop, "first": first})


@require_GET
@needs_data_servers
def data_health(request: Request, property_id: int) -> HttpResponse:
    prop = access_property(request.user, property_id, Module.ANALYTICS, Level.VIEW)
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=back) for back in reversed(range(HEALTH_DAYS))]
    dropped = drops.drops(prop, today, HEALTH_DAYS)
    reasons = pages.reasons(dropped, days)
    known = progress(prop)
    context = frame(request.user, prop, "data_health") | _live(prop)
    context |= {
        "health": _health(prop, dropped),
        "days": days,
        "reasons": reasons,
        "unassigned": pages.reasons(drops.account_drops(prop.account_id, today, HEALTH_DAYS), days),
        "not_taken": sum(reason.total for reason in reasons),
        "unknown_hosts": _unknown_hosts(prop, today),
        "first": known.first,
        "last": known.last,
        "may_set_up": may(request.user, prop.account_id, Module.PROPERTIES, Level.MANAGE),
    }
    return render(request, "dashboards/data_health.html", context)


def _health(prop: Property, dropped: list[drops.Drop]) -> health.Health:
    now = datetime.now(UTC)
    [found] = vitals([(prop.account_id, prop.id)], now.date())
    try:
        spilled = bool(collectors().spilled_bytes)
    except RedisError:  # the broker is away; the page has enough to say without it
        spilled = False
    return health.Health(found, throughput(prop, now), spilled, health.bots(dropped))


@require_POST
@needs_data_servers
def page_groups_preview(request: Request, property_id: int) -> HttpResponse:
    """Which of today's pages the patterns in `page_groups` would make one."""
    prop = access_property(request.user, property_id, Module.PROPERTIES, Level.MANAGE)
    context: dict[str, Any] = {}
    try:
        rules = grouping.parse(request.POST.get("page_groups", ""))
    except ValueError as error:
        context["mistake"] = str(error)
    else:
        views = _views_of_today(prop)
        context |= {"preview": page_groups.preview(rules, views), "pages": len(views), "rules": len(rules.rules)}
    return render(request, "dashboards/page_groups.html", context)


def _views_of_today(prop: Property) -> dict[str, int]:
    today = Slot.containing(datetime.now(UTC), Granularity.DAY, prop.tz).label
    found = totals(prop, [(EVENTS, today)]).get((EVENTS, today), {})
    return {traits.name_of(trait): views for trait, views in found.items() if traits.family(trait) == "page"}


def _unknown_hosts(prop: Property, today: date) -> list[tuple[str, int]]:
    """Hostnames that still belong to no property: those that were taken in since are left out."""
    known = patterns_of(prop)
    return [
        (host, count)
        for host, count in drops.unknown_hosts(prop.account_id, today)
        if known.isdisjoint(patterns_for(host))
    ]
