"""/healthz and /readyz inside one process, with real servers."""

import pytest
from django.test import Client

from cluster import heartbeats
from cluster.connections import broker, data

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_servers", "static_files")]


def test_alive_needs_nothing(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-store" in response["Cache-Control"]


def test_ready_only_with_every_part(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "ready": False,
        "parts": {
            "database": {"ok": True},
            "cluster": {"ok": True, "durability": "fsync"},
            "broker": {"ok": True},
            "worker": {"ok": False, "error": "no sign of life for 30 seconds"},
        },
    }
    heartbeats.beat()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["ready"]) == (200, True)
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ({"appendfsync": "everysec"}, "everysec"),
        ({"appendfsync": "no"}, "none"),
        ({"appendonly": "no"}, "none"),
    ],
)
def test_durability_is_what_the_servers_do(client: Client, config: dict[str, str], word: str) -> None:
    try:
        for name, value in config.items():
            data().config_set(name, value)
        assert client.get("/readyz").json()["parts"]["cluster"]["durability"] == word
    finally:
        data().config_set("appendonly", "yes")
        data().config_set("appendfsync", "always")


def test_no_answer_shows_a_password(client: Client) -> None:
    password = broker().connection_pool.connection_kwargs["password"]
    assert password
    assert password.encode() not in client.get("/readyz").content
