from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from properties import definitions
from properties.models import Property
from tests.pipeline import NOW, did, drain


def read(*arguments: str) -> str:
    out = StringIO()
    call_command("bitmap", *arguments, stdout=out)
    return out.getvalue().strip()


def test_a_bitmap_is_counted_and_listed_by_its_address(prop: Property) -> None:
    for visitor in "abb":
        did(prop, visitor, "signup", NOW)
    drain(prop)
    for slot in ("2026-11-24-12-30", "2026-11-24-12", "2026-11-24", "2026-11", "2026"):
        assert read("count", f"evt:signup::{slot}") == "2"
    assert read("ids", "evt:signup::2026-11") == "0\n1"
    assert read("count", "evt:never::2026", "--property", str(prop.id)) == "0"


@pytest.mark.parametrize("address", ["evt:signup", "evt:signup::2026-13", "evt:signup::yesterday"])
def test_what_is_no_address_is_refused(prop: Property, address: str) -> None:
    with pytest.raises(CommandError, match=r"is no (address|slot) such as"):
        read("count", address)


def test_the_property_must_be_clear(prop: Property) -> None:
    definitions.create(prop.account, "Second", [])
    with pytest.raises(CommandError, match="--property"):
        read("count", "evt:a::2026")
    with pytest.raises(CommandError, match="no property 99"):
        read("count", "evt:a::2026", "--property", "99")
