"""/metrics: what it says, in a form that Prometheus reads, and to whom."""

import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from properties.models import Property
from tests.pipeline import raw
from tracking import gauges, once
from tracking.gauges import Collectors
from tracking.keys import Keys
from tracking.metrics import page
from tracking.once import Entry
from tracking.vitals import Vitals, vitals

LINE = re.compile(r'[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\.)*"(,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? [0-9.e+-]+')


def samples(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in lines), lines
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


@pytest.fixture
def owner(prop: Property) -> tuple[int, int]:
    return (prop.account_id, prop.id)


def test_every_family_has_its_help_and_type_once() -> None:
    text = page({(7, 3): Vitals(drops={"bot": 2}), (7, 4): Vitals()}, Collectors({202: 5}))
    heads = re.findall(r"^# (HELP|TYPE) (\S+)", text, re.M)
    assert len(heads) == len(set(heads))
    families = {name for _, name in heads}
    assert {name.partition("{")[0] for name in samples(text)} <= families
    assert text.endswith("\n")


def test_a_label_cannot_break_out_of_its_quotes() -> None:
    text = page({(7, 3): Vitals(drops={'a"} 1\nevil\\': 1})}, Collectors())
    assert r'reason="a\"} 1\nevil\\"' in text
    assert len(samples(text)) == len([line for line in text.splitlines() if not line.startswith("#")])


def test_the_numbers_of_a_property(owner: tuple[int, int], client: Client) -> None:
    entries = [Entry(1, 30, b"\xc1"), Entry(2, 12, b"\xc1")]
    raw().execute_command(*once.append(owner, "a", entries, once.NEVER))
    first = raw().xrange(Keys(*owner).ingest)[0][0]
    raw().xdel(Keys(*owner).ingest, first)
    raw().xadd(Keys(*owner).poison, {b"e": b"x"})
    raw().append(Keys(*owner).notes, b"12345")
    raw().hincrby(Keys(*owner).drops(datetime.now(UTC).date().isoformat()), "bot", 4)
    found = samples(client.get(reverse("metrics")).content.decode())
    of = f'{{account="{owner[0]}",property="{owner[1]}"}}'
    assert found[f"aktivat_events_taken_total{of}"] == 42
    assert found[f"aktivat_stream_entries{of}"] == 1
    assert found[f"aktivat_stream_events{of}"] == 12
    assert 0 <= found[f"aktivat_stream_lag_seconds{of}"] < 60
    assert found[f"aktivat_poison_entries{of}"] == 1
    assert found[f"aktivat_marks_waiting_bytes{of}"] == 5
    assert found[f'aktivat_events_dropped_today{of[:-1]},reason="bot"}}'] == 4


def test_lag_is_the_age_of_the_oldest_entry(owner: tuple[int, int]) -> None:
    raw().xadd(Keys(*owner).ingest, {b"e": b"x"}, id="1764000000000-0")
    [found] = vitals([owner], datetime.now(UTC).date())
    assert found.lag_seconds > 86_400
    assert (found.entries, found.waiting) == (1, 1)


def test_collectors_are_summed(prop: Property, client: Client) -> None:
    for name, number in (("a", 3), ("b", 4)):
        counts = Counter({202: number, 400: 1})
        gauges._tell(gauges.OF_ONE + name, counts, {"waiting": 1, "spilled_events": number, "spilled_bytes": 10})
    found = samples(client.get(reverse("metrics")).content.decode())
    assert found['aktivat_collector_requests_total{status="202"}'] == 7
    assert found['aktivat_collector_requests_total{status="400"}'] == 2
    assert found["aktivat_collector_spilled_events"] == 7
    assert found["aktivat_collector_processes"] == 2


@pytest.mark.parametrize(
    ("headers", "peer", "status"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "::1", 200),
        ({}, "192.0.2.1", 401),
        ({"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", 401),
        ({"Forwarded": "for=127.0.0.1"}, "127.0.0.1", 401),
        ({"Authorization": "Bearer "}, "192.0.2.1", 401),
    ],
)
def test_without_a_token_only_this_machine_may_read(
    prop: Property, client: Client, headers: dict[str, str], peer: str, status: int
) -> None:
    assert client.get(reverse("metrics"), headers=headers, REMOTE_ADDR=peer).status_code == status


@pytest.mark.parametrize(
    ("said", "status"),
    [("Bearer secret", 200), ("Bearer secre", 401), ("secret", 401), ("", 401), ("Bearer sécret", 401)],
)
def test_with_a_token_it_is_the_token_that_counts(
    prop: Property, client: Client, settings: Settings, said: str, status: int
) -> None:
    settings.METRICS_TOKEN = "secret"
    answer = client.get(reverse("metrics"), headers={"Authorization": said}, REMOTE_ADDR="127.0.0.1")
    assert answer.status_code == status
