"""What the tracker's own events say: each under its trait, with its sum."""

from typing import Any

import pytest

from properties.models import Property
from tests.pipeline import NOW, admitted, append, batch, drain, everything, ms
from tests.tracking.archive.material import read_all
from tests.tracking.late import number
from tracking import commerce
from tracking.archive.store import store
from tracking.bitmaps.addresses import Address
from tracking.reading import load

DAY = "2026-11-24"
URL = "https://shop.example/page?x=1"


def tell(prop: Property, visitor: str, name: str, **attributes: object) -> None:
    event = {"name": name, "at": ms(NOW), "url": URL, "attributes": attributes}
    append(prop, admitted(prop, batch(prop, visitor, [event])))
    drain(prop)


def seen(prop: Property, trait: str) -> list[int]:
    address = Address(trait, DAY)
    return list(load(prop, [address])[address])


@pytest.mark.parametrize(
    ("name", "attributes", "trait"),
    [
        ("interest", {"topic": "Sailing::boats"}, "int:Sailing%3A%3Aboats"),
        ("conversion", {"goal": "Contact"}, "goal:Contact"),
        ("exposure", {"experiment": "Button", "variant": "green"}, "exp:Button:green"),
        ("outbound_click", {"href": "https://www.Other.example:8443/a?b=c"}, "to:other.example"),
        ("file_download", {"href": "https://cdn.example/docs/Price list.pdf?v=2#p"}, "file:/docs/Price list.pdf"),
        ("form_submit", {"form": "newsletter"}, "form:newsletter"),
        ("purchase", {"coupon": "SPRING"}, "coupon:SPRING"),
        ("conversion", {"goal": 7}, "goal:7"),
        ("engagement", {"scroll": 80}, "on:/page"),
    ],
)
def test_each_is_counted_under_what_it_says(prop: Property, name: str, attributes: dict[str, Any], trait: str) -> None:
    tell(prop, "a", "pageview")
    tell(prop, "b", "pageview")
    tell(prop, "b", name, **attributes)
    assert seen(prop, trait) == [1]
    assert seen(prop, f"evt:{name}") == [1]


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("interest", {"weight": 2}),
        ("interest", {"topic": None, "weight": 2}),
        ("conversion", {"goal": " "}),
        ("conversion", {"goal": True}),
        ("exposure", {"experiment": "Button"}),
        ("exposure", {"variant": "green"}),
        ("outbound_click", {"href": "mailto:anna@shop.example"}),
        ("outbound_click", {"href": 7}),
        ("file_download", {"href": ""}),
        ("form_submit", {"id": "newsletter"}),
        ("add_to_cart", {"coupon": "SPRING"}),
        ("seen", {"topic": "a", "goal": "b", "form": "c", "href": "https://other.example/"}),
    ],
)
def test_what_says_nothing_is_counted_by_its_name_alone(prop: Property, name: str, attributes: dict[str, Any]) -> None:
    tell(prop, "a", name, **attributes)
    kinds = ("int:", "goal:", "exp:", "to:", "file:", "form:", "coupon:")
    assert not [trait for _, _, trait in everything(prop) if trait.startswith(kinds)]
    assert seen(prop, f"evt:{name}") == [0]


def test_interest_is_weighed_in_thousandths(prop: Property) -> None:
    tell(prop, "a", "interest", topic="boats", weight=0.1)
    tell(prop, "a", "interest", topic="boats", weight=0.2)
    tell(prop, "a", "interest", topic="boats")
    tell(prop, "a", "interest", topic="boats", weight="a lot")
    assert number(prop, DAY, "weight", "int:boats") == 1300
    assert number(prop, DAY, "weight") == 0
    assert number(prop, DAY, "events", "int:boats") == 4


def test_a_value_without_a_currency_has_no_unit_and_is_the_events_own(prop: Property) -> None:
    tell(prop, "a", "level", value=2.5)
    tell(prop, "a", "level", value=-1, currency="")
    tell(prop, "a", "level", value=7, currency="doubloons")
    tell(prop, "a", "level", value=3, currency="EUR")
    assert number(prop, DAY, "value", "evt:level") == 1500
    assert number(prop, DAY, "value") == 0
    assert number(prop, DAY, "money:EUR") == 300


def test_what_is_in_a_cart_is_nobodys_money_yet(prop: Property) -> None:
    for name in commerce.BEFORE_THE_SALE:
        tell(prop, "a", name, value=10, currency="EUR")
        assert number(prop, DAY, "money:EUR", f"evt:{name}") == 1000
    assert number(prop, DAY, "money:EUR") == 0
    tell(prop, "a", "purchase", value=10, currency="EUR", transaction_id="1")
    assert number(prop, DAY, "money:EUR") == 1000


def test_too_many_names_count_under_other(prop: Property) -> None:
    prop.names_a_day = 10
    prop.save()
    for topic in range(12):
        tell(prop, "a", "interest", topic=topic)
    assert number(prop, DAY, "weight", "int:(other)") == 2000


def test_links_are_kept_without_personal_data(prop: Property) -> None:
    tell(prop, "a", "outbound_click", href="https://other.example/?email=anna@shop.example")
    tell(prop, "a", "file_download", href="https://shop.example/files/anna@shop.example/bill.pdf")
    rows = read_all(store(), prop)
    assert len(rows) == 2
    assert not [row for row in rows if "anna" in row.attributes + row.traits]
