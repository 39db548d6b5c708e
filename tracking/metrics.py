"""/metrics: the numbers that an operator watches, in the text format of Prometheus.

They come from the shards and the broker, so any web process of the installation can answer. Counters of events and
requests are for rate(); nothing is sampled here. Format: prometheus.io/docs/instrumenting/exposition_formats.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisClusterException, RedisError

from properties.models import Property
from tracking.gauges import Collectors, collectors
from tracking.peers import is_loopback
from tracking.vitals import Vitals, vitals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]
Samples = Iterable[tuple[Labels, float]]


@never_cache
@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may(request):
        return HttpResponse("This needs the bearer token of AKTIVAT_METRICS_TOKEN.\n", "text/plain", status=401)
    owners = list(Property.objects.order_by("id").values_list("account_id", "id"))
    try:
        found = vitals(owners, datetime.now(UTC).date())
        text = page(dict(zip(owners, found, strict=True)), collectors())
    except (RedisError, RedisClusterException, ImproperlyConfigured, OSError) as error:
        return HttpResponse(f"The servers do not answer ({type(error).__name__}).\n", "text/plain", status=503)
    return HttpResponse(text, CONTENT_TYPE)


def _may(request: HttpRequest) -> bool:
    """With the token; without one in the settings from this machine, and not passed on by a proxy on it."""
    if settings.METRICS_TOKEN:
        expected = f"Bearer {settings.METRICS_TOKEN}".encode()
        return secrets.compare_digest(request.headers.get("Authorization", "").encode(), expected)
    passed_on = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "Via"))
    return is_loopback(request.META.get("REMOTE_ADDR", "")) and not passed_on


def page(of_properties: Mapping[tuple[int, int], Vitals], of_collectors: Collectors) -> str:
    """The whole text. Pure."""
    lines: list[str] = []

    def add(name: str, kind: str, text: str, samples: Samples) -> None:
        lines.extend(_family(f"aktivat_{name}", kind, text, samples))

    def of_each(attribute: str) -> Samples:
        return [(_labels(owner), getattr(found, attribute)) for owner, found in of_properties.items()]

    add("events_taken_total", "counter", "Events that the collector made durable.", of_each("taken"))
    add("events_counted_total", "counter", "Events that are in the bitmaps.", of_each("counted"))
    add("stream_entries", "gauge", "Entries of the stream that the drain has not taken.", of_each("entries"))
    add("stream_events", "gauge", "Events in those entries.", of_each("waiting"))
    add("stream_lag_seconds", "gauge", "Age of the oldest of them; 0 when none waits.", of_each("lag_seconds"))
    add("marks_waiting_bytes", "gauge", "Notes that are not folded into bitmaps yet.", of_each("marks_bytes"))
    add("archive_stream_entries", "gauge", "Batches on their way to the archive.", of_each("archive_entries"))
    add("poison_entries", "gauge", "Entries that could not be read and were set aside.", of_each("poison"))
    drops = [
        ({**_labels(owner), "reason": reason}, int(number))
        for owner, found in of_properties.items()
        for reason, number in sorted(found.drops.items())
    ]
    add("events_dropped_today", "gauge", "Events not taken since midnight (UTC).", drops)
    requests = [({"status": str(status)}, int(number)) for status, number in sorted(of_collectors.requests.items())]
    add("collector_requests_total", "counter", "Requests that the collectors answered.", requests)
    for attribute, text in (
        ("processes", "Processes that collect."),
        ("waiting", "Events in memory whose requests are not answered yet."),
        ("spilled_events", "Events on the collectors' disks, while a shard is away."),
        ("spilled_bytes", "Size of the spill."),
    ):
        add(f"collector_{attribute}", "gauge", text, [({}, getattr(of_collectors, attribute))])
    return "\n".join(lines) + "\n"


def _family(name: str, kind: str, text: str, samples: Samples) -> list[str]:
    return [
        f"# HELP {name} {text}",
        f"# TYPE {name} {kind}",
        *(f"{name}{_label_text(labels)} {number}" for labels, number in samples),
    ]


def _label_text(labels: Labels) -> str:
    escaped = (
        (name, text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for name, text in labels.items()
    )
    return "{" + ",".join(f'{name}="{text}"' for name, text in escaped) + "}" if labels else ""


def _labels(owner: tuple[int, int]) -> dict[str, str]:
    account_id, property_id = owner
    return {"account": str(account_id), "property": str(property_id)}
