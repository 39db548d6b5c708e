"""Logging in and out, and being told no."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from properties.models import Property

LOGIN = {"username": "alice@aktivat.example", "password": "correct horse battery"}


@pytest.fixture
def page() -> str:
    return reverse("login")


def test_the_login_leads_to_the_first_property(client: Client, alice: User, prop: Property, page: str) -> None:
    answer = client.post(page, LOGIN, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("overview", args=[prop.id])
    assert answer.status_code == 200


def test_capitals_in_the_address_do_not_matter(client: Client, alice: User, page: str) -> None:
    answer = client.post(page, LOGIN | {"username": "Alice@Aktivat.Example"})
    assert answer.status_code == 302


def test_the_login_leads_back_to_where_one_was(client: Client, alice: User, prop: Property, page: str) -> None:
    wanted = reverse("data_health", args=[prop.id])
    asked = client.get(wanted)
    answer = client.post(asked["Location"], LOGIN | {"next": wanted})
    assert answer["Location"] == wanted


def test_the_login_leads_to_no_other_site(client: Client, alice: User, page: str) -> None:
    answer = client.post(page, LOGIN | {"next": "https://elsewhere.example/"})
    assert answer["Location"] == reverse("home")


@pytest.mark.parametrize("changed", [{"password": "wrong"}, {"username": "nobody@aktivat.example"}])
def test_a_wrong_login_does_not_tell_what_is_wrong(
    client: Client, alice: User, page: str, changed: dict[str, str]
) -> None:
    answer = client.post(page, LOGIN | changed)
    assert answer.status_code == 200
    assert "do not belong together" in answer.content.decode()


def test_empty_fields_are_named(client: Client, static_files: None, db: None, page: str) -> None:
    text = client.post(page, {}).content.decode()
    assert "Type your e-mail address." in text
    assert "Type your password." in text
    assert 'aria-describedby="id_username_error"' in text


def test_who_is_logged_in_needs_no_login_page(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.get(page)["Location"] == reverse("home")


def test_logging_out_takes_a_post(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout"))["Location"] == page
    assert client.get(reverse("properties")).status_code == 302


def test_a_part_of_a_page_asks_for_the_whole_login_page(client: Client, static_files: None, db: None) -> None:
    here = "http://testserver/properties/1/?period=7d"
    answer = client.get(reverse("live", args=[1]), headers={"HX-Request": "true", "HX-Current-URL": here}, follow=True)
    assert answer["HX-Redirect"] == f"{reverse('login')}?next=%2Fproperties%2F1%2F%3Fperiod%3D7d"


def test_a_member_without_the_right_learns_who_can_grant_it(
    client: Client, alice: User, bob: User, prop: Property
) -> None:
    alice.name = "Alice <Owner>"
    alice.save()
    client.force_login(bob)
    answer = client.get(reverse("property_settings", args=[prop.id]))
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "Alice &lt;Owner&gt;" in text
    assert 'href="mailto:alice@aktivat.example"' in text
    assert "bob@aktivat.example" not in text


def test_a_form_without_its_token_is_refused_in_plain_words(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(reverse("logout"))
    assert answer.status_code == 403
    assert "The form was not sent" in answer.content.decode()
