from pathlib import Path

import maxminddb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracking.enrichment import mmdb
from tracking.enrichment.countries import Countries, Place

PRIVATE = [
    "10.0.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "169.254.1.1",
    "100.64.0.1",
    "::1",
    "fe80::1",
    "fd00::1",
    "fe80::1%eth0",
]
MALFORMED = [
    "",
    "nonsense",
    "1.2.3",
    "1.2.3.4:80",
    "[::1]",
    "999.1.1.1",
    "::ffff:nonsense.",
    "8.8.8.8, 1.1.1.1",
    "é\x00",
]


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Countries:
    path = tmp_path_factory.mktemp("countries") / "cities.mmdb"
    records: dict[str, mmdb.Value] = {
        "203.0.113.0/24": {"country": {"iso_code": "FR"}, "city": {"names": {"de": "Straßburg", "en": "Strasbourg"}}},
        "198.51.100.0/24": {"country_code": "DE", "city": "Köln"},
        "192.0.2.0/25": {"country": {"iso_code": "GB"}},
        "192.0.2.128/25": {"city": {"names": {"de": "Nirgends"}}, "country_code": "EU"},
        "2001:db8::/32": {"country_code": "IT"},
    }
    mmdb.write(path, records)
    return Countries(str(path))


@pytest.mark.parametrize(
    ("address", "country"),
    [("8.8.8.8", "US"), ("193.0.6.139", "NL"), ("2001:67c:2e8:22::c100:68b", "NL"), ("::ffff:8.8.8.8", "US")],
)
def test_the_registries_know_countries(address: str, country: str) -> None:
    assert Countries().locate(address) == Place(country, "")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.9", Place("FR", "Strasbourg")),
        ("::FFFF:203.0.113.9", Place("FR", "Strasbourg")),
        ("198.51.100.1", Place("DE", "Köln")),
        ("192.0.2.1", Place("GB", "")),
        ("192.0.2.200", Place("", "")),
        ("2001:db8::7", Place("IT", "")),
        ("8.8.8.8", Place("", "")),
    ],
)
def test_a_database_knows_cities(cities: Countries, address: str, place: Place) -> None:
    assert cities.locate(address) == place


@pytest.mark.parametrize("address", [*PRIVATE, *MALFORMED])
def test_private_and_malformed_addresses_are_nowhere(cities: Countries, address: str) -> None:
    assert Countries().locate(address) == cities.locate(address) == Place("", "")


@given(st.one_of(st.text(max_size=50), st.ip_addresses().map(str)))
def test_any_text_has_a_place_or_none(address: str) -> None:
    country, city = Countries().locate(address)
    assert city == ""
    assert country == "" or (len(country) == 2 and country.isupper())


def test_a_database_that_is_not_there_or_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Countries(str(tmp_path / "missing.mmdb"))
    (tmp_path / "other.mmdb").write_text("nothing of the kind")
    with pytest.raises(maxminddb.InvalidDatabaseError):
        Countries(str(tmp_path / "other.mmdb"))
