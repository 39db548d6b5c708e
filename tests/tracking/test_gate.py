"""What an address is used for: place and limits."""

import logging
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from properties.exclusions import Exclusions
from tests.tracking.enrichment.mmdb import write
from tracking import stream
from tracking.admission import Admitted
from tracking.gate import Gate, TooFast

SENDER, OTHER = "198.51.100.9", "198.51.100.10"


class Chosen:
    TRUSTED_PROXIES = Exclusions.parse("10.0.0.0/8")
    GEO_DATABASE = ""
    RATE_PER_ADDRESS = 0
    RATE_PER_PROPERTY = 0

    def __init__(self, **changes: object) -> None:
        for name, value in changes.items():
            setattr(self, name, value)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("tracking.gate.time.monotonic", lambda: now[0])
    return now


def scope(peer: str, forwarded: str = "") -> dict[str, Any]:
    return {"client": (peer, 4711), "headers": [(b"x-forwarded-for", forwarded.encode())] if forwarded else []}


def events(number: int, property_id: int = 3) -> Admitted:
    admitted = Admitted(7)
    admitted.packets[property_id] = stream.Packet(b"v", b"s", 1, [stream.StreamEvent("x", 1)] * number)
    admitted.taken = number
    return admitted


def test_an_address_gets_its_burst_and_then_its_rate(clock: list[float]) -> None:
    gate = Gate(Chosen(RATE_PER_ADDRESS=50))
    gate.measure(SENDER, events(500))
    gate.measure(SENDER, events(500))
    with pytest.raises(TooFast) as refused:
        gate.measure(SENDER, events(100))
    assert (refused.value.status, refused.value.seconds, refused.value.counted) == (429, 2, True)
    gate.measure(OTHER, events(500))
    clock[0] += 2
    gate.measure(SENDER, events(100))


def test_asking_alone_counts_too() -> None:
    gate = Gate(Chosen(RATE_PER_ADDRESS=1))
    for _ in range(500):
        gate.knock(scope(SENDER))
    with pytest.raises(TooFast) as refused:
        gate.knock(scope(SENDER))
    assert not refused.value.counted
    gate.knock(scope("10.0.0.1", OTHER))
    with pytest.raises(TooFast):
        gate.knock(scope("10.0.0.1", f"{OTHER}, {SENDER}"))


def test_a_whole_batch_always_fits_the_limit() -> None:
    Gate(Chosen(RATE_PER_ADDRESS=1, RATE_PER_PROPERTY=1)).measure(SENDER, events(500))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
def test_what_stands_for_nobody_has_no_limit(address: str) -> None:
    gate = Gate(Chosen(RATE_PER_ADDRESS=1))
    for _ in range(10):
        gate.measure(address, events(500))


def test_a_property_has_a_limit_of_its_own() -> None:
    gate = Gate(Chosen(RATE_PER_PROPERTY=10))
    gate.measure(SENDER, events(500))
    with pytest.raises(TooFast):
        gate.measure(OTHER, events(1))
    gate.measure(OTHER, events(500, property_id=4))


def test_the_place_is_that_of_the_sender_behind_the_proxy(tmp_path: Path) -> None:
    database = tmp_path / "places.mmdb"
    write(database, {f"{SENDER}/32": {"country": {"iso_code": "FR"}, "city": {"names": {"en": "Lyon"}}}})
    gate = Gate(Chosen(GEO_DATABASE=str(database)))
    assert gate.place(gate.knock(scope("10.0.0.1", SENDER))) == ("FR", "Lyon")
    assert gate.place(gate.knock(scope("10.0.0.1"))) == ("", "")
    assert gate.place(gate.knock(scope("192.0.2.1", SENDER))) == ("", "")


def test_what_is_no_database_of_places_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "x.mmdb").write_bytes(b"x" * 1000)
    with pytest.raises(ImproperlyConfigured, match="AKTIVAT_GEO_DATABASE"):
        Gate(Chosen(GEO_DATABASE=str(tmp_path / "x.mmdb")))


def test_a_proxy_that_is_not_named_is_told_once_and_without_addresses(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate(Chosen())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            gate.knock(scope("192.0.2.1", SENDER))
        gate.knock(scope("10.0.0.1", SENDER))
    assert len(caplog.records) == 1
    assert "AKTIVAT_TRUSTED_PROXIES" in caplog.text
    assert "192.0.2" not in caplog.text
    assert SENDER not in caplog.text
