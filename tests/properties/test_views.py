"""The list of properties, and the pages on which one is made, set up and connected."""

import html

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Account, User
from properties import definitions, snippet
from properties.models import Property

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
    assert owner.post(settings_page, NEW)["Location"] == settings_page
    prop.refresh_from_db()
    assert (prop.name, prop.time_zone) == ("Blog", "Europe/Paris")
    assert hostnames(prop) == ["blog.example", "*.blog.example"]


def test_a_hostname_of_another_property_changes_nothing(owner: Client, prop: Property, settings_page: str) -> None:
    definitions.create(prop.account, "Other", ["other.example"])
    answer = owner.post(settings_page, NEW | {"hostnames": "shop.example\nother.example"})
    assert answer.status_code == 422
    assert "other.example belongs to Other already." in text_of(answer)
    assert "<title>Settings · Shop · Aktivat</title>" in text_of(answer)
    prop.refresh_from_db()
    assert (prop.name, hostnames(prop)) == ("Shop", ["shop.example", "*.shop.example"])


def test_a_time_zone_that_the_list_lacks_stays_chosen(owner: Client, prop: Property, settings_page: str) -> None:
    Property.objects.filter(id=prop.id).update(time_zone="Etc/GMT+3")
    assert '<option value="Etc/GMT+3" selected>' in text_of(owner.get(settings_page))
    owner.post(settings_page, NEW | {"time_zone": "Etc/GMT+3"})
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
