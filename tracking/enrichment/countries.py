"""Where an address is: its country, and its city where a database knows cities. Pure.

Without a database the country is the one that the address is registered in, by the five regional registries
(iptocc, compiled in). With one, an `.mmdb` file, it says. Two shapes of records are read: MaxMind's and DB-IP's
nested one, and the flat one of ip-location-db.

Addresses are personal data: none is kept, cached or written to a log here, and no error names one.
"""

import re
from typing import NamedTuple

import iptocc
import maxminddb

_COUNTRY = re.compile(r"[A-Z]{2}")
_LETTERS = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_NO_COUNTRIES = frozenset(["AP", "EU", "ZZ"])  # regions and reserved codes that registries also write
_MAPPED = "::ffff:"  # an IPv4 address as an IPv6 socket sees it
LONGEST_CITY = 100


class Place(NamedTuple):
    """`country`: ISO 3166-1 alpha-2, as FR, or "". `city`: its English name, or ""."""

    country: str
    city: str


NOWHERE = Place("", "")


class Countries:
    def __init__(self, mmdb: str | None = None) -> None:
        """`mmdb`: the path of a database, or None for the registries.

        Raises FileNotFoundError where there is no file, maxminddb.InvalidDatabaseError where it is another one.
        """
        self._database = maxminddb.open_database(mmdb) if mmdb else None

    def locate(self, address: str) -> Place:
        """The place of an IPv4 or IPv6 address; nowhere for private, unknown and malformed ones. Never raises."""
        if address[: len(_MAPPED)].lower() == _MAPPED and "." in address:
            address = address[len(_MAPPED) :]
        if not _LETTERS.fullmatch(address):  # neither library takes any text without raising
            return NOWHERE
        if self._database is None:
            return Place(_country(iptocc.country_code(address)), "")
        try:
            record = self._database.get(address)
        except ValueError:  # malformed, or IPv6 in a database of IPv4
            return NOWHERE
        return _place(record) if isinstance(record, dict) else NOWHERE


def _place(record: dict[str, object]) -> Place:
    nested = record.get("country")
    country = nested.get("iso_code") if isinstance(nested, dict) else record.get("country_code")
    city = record.get("city")
    if isinstance(city, dict):
        names = city.get("names")
        city = names.get("en") if isinstance(names, dict) else None
    return Place(_country(country), city[:LONGEST_CITY] if isinstance(city, str) else "")


def _country(code: object) -> str:
    if isinstance(code, str) and _COUNTRY.fullmatch(code) and code not in _NO_COUNTRIES:
        return code
    return ""
