"""The list of properties, and the pages on which one is made, set up and connected."""

import html
import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Account, User
from properties import definitions, grouping, snippet
from properties.exclusions import Exclusions
from properties.models import Property

RULES = {
    "session_minutes": "45",
    "names_a_day": "1000",
    "minutes_kept_hours": "24",
    "hours_kept_days": "30",
    "page_groups": "/product/:id\r\n/shop/** -> Shop",
    "kept_parameters": "ref, page  ref",
    "attribute_traits": "plan",
    "excluded_addresses": "192.0.2.1\r\n2001:db8::/32",
}
NEW = {"name": "Blog", "hostnames": "blog.example\n*.blog.example", "time_zone": "Europe/Paris"}


@pytest.fixture
def owner(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def settings_page(prop: Property) -> str:
    return reverse("property_settings", args=[prop.id])


def hostnames(prop: Property) -> list[str]:
    return [hostname.pattern for hostname in prop.hostnames.all()]


def text_of(answer: object) -> str:
    return html.unescape(answer.content.decode())  # type: ignore[attr-defined]


def test_home_is_the_first_property_or_the_list(owner: Client, account: Account, empty_servers: None) -> None:
    assert owner.get(reverse("home"))["Location"] == reverse("properties")
    prop = definitions.create(account, "Shop", ["shop.example"])
    assert owner.get(reverse("home"))["Location"] == reverse("overview", args=[prop.id])


def test_an_account_without_properties_says_how_to_begin(owner: Client) -> None:
    text = text_of(owner.get(reverse("properties")))
    assert "Add the first property" in text
    assert reverse("property_create") in text


def test_a_viewer_is_told_who_can_begin(client: Client, bob: User) -> None:
    client.force_login(bob)
    text = text_of(client.get(reverse("properties")))
    assert "An owner or admin of Alice and company can add the first property." in text
    assert reverse("property_create") not in text


def test_a_user_without_an_account_is_told_what_to_ask_for(client: Client, static_files: None, db: None) -> None:
    client.force_login(User.objects.create_user("new@aktivat.example"))
    assert "An owner of an account can add you as new@aktivat.example." in text_of(client.get(reverse("properties")))
    assert client.get(reverse("property_create"))["Location"] == reverse("properties")


def test_a_new_property_leads_to_its_snippet(owner: Client, account: Account) -> None:
    answer = owner.post(reverse("property_create"), NEW)
    prop = account.properties.get()
    assert answer["Location"] == reverse("snippet", args=[prop.id])
    assert (prop.name, prop.time_zone) == ("Blog", "Europe/Paris")
    assert hostnames(prop) == ["blog.example", "*.blog.example"]
    assert "Blog is ready to measure." in text_of(owner.get(answer["Location"]))


def test_an_address_stands_for_its_hostname(owner: Client, account: Account) -> None:
    owner.post(reverse("property_create"), NEW | {"hostnames": " https://Blog.example/about?x=1 \n\n"})
    assert hostnames(account.properties.get()) == ["blog.example"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "Give it a name."),
        ({"hostnames": " \n "}, "Name at least one hostname"),
        ({"hostnames": "a b"}, "'a b' is not a hostname such as www.example.com or *.example.com."),
        ({"hostnames": "fine.example\nbad_\x00.example"}, "is not a hostname"),
        ({"hostnames": "SHOP.example"}, "shop.example belongs to Shop already."),
        ({"time_zone": "Mars/Olympus"}, "Mars/Olympus is not one of the available choices."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    owner: Client, prop: Property, changed: dict[str, str], said: str
) -> None:
    answer = owner.post(reverse("property_create"), NEW | changed)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert Property.objects.count() == 1


def test_settings_are_changed(owner: Client, prop: Property, settings_page: str) -> None:
    assert owner.post(settings_page, NEW | RULES)["Location"] == settings_page
    prop.refresh_from_db()
    assert (prop.name, prop.time_zone) == ("Blog", "Europe/Paris")
    assert hostnames(prop) == ["blog.example", "*.blog.example"]
    assert (prop.session_minutes, prop.names_a_day) == (45, 1000)
    assert (prop.minutes_kept_hours, prop.hours_kept_days) == (24, 30)
    assert grouping.parse(prop.page_groups).page("/shop/a/b") == "Shop"
    assert (prop.kept_parameters, prop.attribute_traits) == ("ref page", "plan")
    assert Exclusions.parse(prop.excluded_addresses).holds("2001:db8::7")


def test_the_settings_show_what_is_set(owner: Client, prop: Property, settings_page: str) -> None:
    owner.post(settings_page, NEW | RULES)
    text = text_of(owner.get(settings_page))
    assert "/shop/** -> Shop</textarea>" in text
    assert 'name="session_minutes" value="45"' in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"page_groups": "/a\nb\n/c/**/d"}, ["Line 2: 'b': a pattern begins", "Line 3: '/c/**/d': ** stands"]),
        ({"page_groups": "/a -> "}, ["Line 1:"]),
        ({"page_groups": "/a\n" * 201}, ["201 patterns; 200 at most."]),
        ({"excluded_addresses": "192.0.2.1\n\n192.0.2.300\noffice"}, ["Line 3: '192.0.2.300'", "Line 4: 'office'"]),
        ({"session_minutes": "0"}, ["Say a whole number from 1 to 720."]),
        ({"session_minutes": "x"}, ["Say a whole number from 1 to 720."]),
        ({"names_a_day": ""}, ["Say a whole number from 10 to 100,000."]),
        ({"hours_kept_days": "99999999999"}, ["Say a whole number from 1 to 36,600."]),
        ({"kept_parameters": "x" * 501}, ["at most 500 characters"]),
        ({"name": "", "session_minutes": "0"}, ["Give it a name.", "Say a whole number from 1 to 720."]),
    ],
)
def test_a_rule_that_is_none_is_said_at_its_line_and_nothing_is_changed(
    owner: Client, prop: Property, settings_page: str, changed: dict[str, str], said: list[str]
) -> None:
    answer = owner.post(settings_page, NEW | RULES | changed)
    assert answer.status_code == 422
    text = text_of(answer)
    assert [words for words in said if words not in text] == []
    assert "Nothing is saved yet." in text
    prop.refresh_from_db()
    assert (prop.name, prop.session_minutes, prop.page_groups) == ("Shop", 30, "")


@pytest.mark.parametrize("field", RULES)
def test_a_mistake_is_tied_to_its_field(owner: Client, prop: Property, settings_page: str, field: str) -> None:
    wrong = {"kept_parameters": "x" * 501, "attribute_traits": "x" * 501}.get(field, "wrong")
    text = text_of(owner.post(settings_page, NEW | RULES | {field: wrong}))
    assert f'id="id_{field}_error"' in text
    described = re.search(rf'aria-describedby="([^"]*)"[^>]*id="id_{field}"', text)
    assert described
    assert set(described[1].split()) == {f"id_{field}_helptext", f"id_{field}_error"}


def test_what_is_no_rule_is_not_set(prop: Property) -> None:
    with pytest.raises(ValueError, match="account_id is no rule"):
        definitions.change(prop, "Shop", ["shop.example"], "UTC", {"account_id": 1})


def test_operators_change_the_rules_too(client: Client, prop: Property) -> None:
    client.force_login(User.objects.create_superuser("operator@aktivat.example", "correct horse battery"))
    text = text_of(client.get(reverse("admin:properties_property_change", args=[prop.id])))
    assert [name for name in definitions.RULES if f'name="{name}"' not in text] == []


def test_a_hostname_of_another_property_changes_nothing(owner: Client, prop: Property, settings_page: str) -> None:
    definitions.create(prop.account, "Other", ["other.example"])
    answer = owner.post(settings_page, NEW | RULES | {"hostnames": "shop.example\nother.example"})
    assert answer.status_code == 422
    assert "other.example belongs to Other already." in text_of(answer)
    assert "<title>Settings · Shop · Aktivat</title>" in text_of(answer)
    prop.refresh_from_db()
    assert (prop.name, hostnames(prop)) == ("Shop", ["shop.example", "*.shop.example"])


def test_a_time_zone_that_the_list_lacks_stays_chosen(owner: Client, prop: Property, settings_page: str) -> None:
    Property.objects.filter(id=prop.id).update(time_zone="Etc/GMT+3")
    assert '<option value="Etc/GMT+3" selected>' in text_of(owner.get(settings_page))
    owner.post(settings_page, NEW | RULES | {"time_zone": "Etc/GMT+3"})
    prop.refresh_from_db()
    assert prop.time_zone == "Etc/GMT+3"


def test_the_snippet_is_shown_as_it_is_pasted(owner: Client, prop: Property) -> None:
    text = text_of(owner.get(reverse("snippet", args=[prop.id])))
    assert snippet.head() in text
    assert snippet.body(prop.account_id, settings.PUBLIC_URL) in text


def test_an_unknown_hostname_is_taken_in(owner: Client, prop: Property) -> None:
    answer = owner.post(reverse("add_hostname", args=[prop.id]), {"hostname": "new.example"})
    assert answer["Location"] == reverse("data_health", args=[prop.id])
    assert hostnames(prop) == ["shop.example", "*.shop.example", "new.example"]


@pytest.mark.parametrize("hostname", ["", "a b", "taken.example"])
def test_a_hostname_that_cannot_be_taken_in_is_refused_in_words(owner: Client, prop: Property, hostname: str) -> None:
    definitions.create(prop.account, "Other", ["taken.example"])
    answer = owner.post(reverse("add_hostname", args=[prop.id]), {"hostname": hostname}, follow=True)
    assert 'class="note note-error"' in text_of(answer)
    assert hostnames(prop) == ["shop.example", "*.shop.example"]
