"""What was not taken is shown to the members of the property it was meant for."""

from datetime import UTC, datetime

from django.test import Client
from django.urls import reverse

from accounts.models import User
from cluster.connections import data
from properties.models import Property
from tracking.keys import NO_PROPERTY, Keys

TODAY = datetime.now(UTC).date().isoformat()


def test_drops_are_shown_with_reason_and_number(prop: Property, bob: User, client: Client) -> None:
    data().hincrby(Keys(prop.account_id, prop.id).drops(TODAY), "too_old", 12_345)
    data().hincrby(Keys(prop.account_id, NO_PROPERTY).drops(TODAY), "bad_json", 7)
    data().hincrby(Keys(prop.account_id, NO_PROPERTY).unknown_hosts(TODAY), "<b>typo</b>.example", 3)
    client.force_login(bob)
    page = client.get(reverse("data_health", args=[prop.id])).content.decode()
    assert "more than 30 days before it was sent" in page
    assert "12,345" in page or "12\u202f345" in page
    assert "no valid JSON" in page
    assert "Requests of no property" in page
    assert "&lt;b&gt;typo&lt;/b&gt;.example" in page


def test_drops_of_another_property_are_not_shown(prop: Property, bob: User, charlie: User, client: Client) -> None:
    elsewhere = charlie.accounts.get()
    data().hincrby(Keys(elsewhere.id, elsewhere.properties.get().id).drops(TODAY), "too_old", 5)
    client.force_login(bob)
    page = client.get(reverse("data_health", args=[prop.id])).content.decode()
    assert "Everything that came was taken." in page
    assert "Requests of no property" not in page
