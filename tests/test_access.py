"""Every URL, asked by an owner, a viewer, a stranger and nobody. A new URL fails here until it is listed."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import tokens
from accounts.models import User
from properties.models import Property

LOGIN = 302
# URL name: (method, owner, viewer, stranger, nobody). LOGIN: sent to the login page.
OF_A_PROPERTY = {
    "overview": ("get", 200, 200, 404, LOGIN),
    "live": ("get", 200, 200, 404, LOGIN),
    "data_health": ("get", 200, 200, 404, LOGIN),
    "first_event": ("get", 302, 403, 404, LOGIN),
    "snippet": ("get", 200, 403, 404, LOGIN),
    "property_settings": ("get", 200, 403, 404, LOGIN),
    "add_hostname": ("post", 302, 403, 404, LOGIN),
    "make_write_key": ("post", 302, 403, 404, LOGIN),
    "revoke_write_key": ("post", 302, 403, 404, LOGIN),
    "page_groups": ("post", 200, 403, 404, LOGIN),
    "overview_report": ("get", 401, 401, 401, 401),
}
OF_NOBODY_ELSE = {
    "home": ("get", 302, 302, 302, LOGIN),
    "properties": ("get", 200, 200, 200, LOGIN),
    "property_create": ("get", 200, 403, 200, LOGIN),
}
OPEN = {"login", "logout", "healthz", "readyz", "script", "metrics"}


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern.name or ""
        elif pattern.namespace is None:  # the operator's pages and the demo have tests of their own
            yield from names(pattern.url_patterns)


def test_every_url_is_asked_for() -> None:
    assert set(names(get_resolver().url_patterns)) == {*OF_A_PROPERTY, *OF_NOBODY_ELSE, *OPEN}


@pytest.fixture
def people(alice: User, bob: User, charlie: User) -> list[Client]:
    clients = []
    for user in (alice, bob, charlie):
        client = Client()
        client.force_login(user)
        clients.append(client)
    return [*clients, Client()]


def ask(people: list[Client], path: str, method: str) -> list[int]:
    answers = [getattr(client, method)(path) for client in people]
    nobody = answers[-1]
    assert nobody.status_code != LOGIN or nobody["Location"].startswith(reverse("login"))
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("name", OF_A_PROPERTY)
def test_who_may_reach_a_propertys_pages(prop: Property, people: list[Client], name: str) -> None:
    method, *expected = OF_A_PROPERTY[name]
    assert ask(people, reverse(name, args=[prop.id]), method) == expected
    missing = ask(people, reverse(name, args=[prop.id + 999]), method)
    assert missing == [expected[2]] * 3 + [expected[3]], "what is not there looks like what is a stranger's"


@pytest.mark.parametrize("name", OF_NOBODY_ELSE)
def test_who_may_reach_the_pages_beside_them(prop: Property, people: list[Client], name: str) -> None:
    method, *expected = OF_NOBODY_ELSE[name]
    assert ask(people, reverse(name), method) == expected


def test_nobody_creates_in_the_account_of_another(prop: Property, people: list[Client]) -> None:
    path = reverse("property_create") + f"?account={prop.account_id}"
    body = {"name": "Mine", "time_zone": "UTC", "hostnames": "mine.example"}
    before = Property.objects.count()
    _, bob, charlie, nobody = people
    assert [client.post(path, body).status_code for client in (bob, charlie, nobody)] == [403, 404, LOGIN]
    assert Property.objects.count() == before


@pytest.mark.parametrize("digits", [6, 30, 5000])
def test_an_account_that_is_not_there_is_not_found(prop: Property, people: list[Client], digits: int) -> None:
    assert people[0].get(reverse("property_create") + f"?account={'9' * digits}").status_code == 404


def test_the_account_of_a_property_is_chosen_once(prop: Property, charlie: User) -> None:
    operator = Client()
    operator.force_login(User.objects.create_superuser("operator@aktivat.example", "correct horse battery"))
    page = operator.get(reverse("admin:properties_property_change", args=[prop.id])).content.decode()
    assert 'name="name"' in page
    assert 'name="account"' not in page


def test_the_list_shows_only_what_is_ones_own(prop: Property, people: list[Client]) -> None:
    alice, bob, charlie, _ = people
    for client, there, not_there in [
        (alice, "Shop", "Elsewhere"),
        (bob, "Shop", "Elsewhere"),
        (charlie, "Elsewhere", "Shop"),
    ]:
        page = client.get(reverse("properties")).content.decode()
        assert there in page
        assert not_there not in page


def test_operators_pages_are_for_operators(prop: Property, people: list[Client], alice: User) -> None:
    index, properties = reverse("admin:index"), reverse("admin:properties_property_changelist")
    for client in people:
        assert client.get(index).status_code == LOGIN
        assert client.get(properties).status_code == LOGIN
    operator = Client()
    operator.force_login(User.objects.create_superuser("operator@aktivat.example", "correct horse battery"))
    assert operator.get(index).status_code == 200
    assert b"Shop" in operator.get(properties).content
    assert operator.get(reverse("admin:accounts_user_add")).status_code == 200
    assert operator.get(reverse("admin:accounts_account_change", args=[prop.account_id])).status_code == 200


def test_a_token_reads_its_own_account_and_no_other(prop: Property, charlie: User) -> None:
    own = tokens.issue(prop.account, "test")
    foreign = tokens.issue(charlie.accounts.get(), "test")
    path = reverse("overview_report", args=[prop.id])

    def status(text: str, query: str = "") -> int:
        return int(Client().get(path + query, headers={"Authorization": text}).status_code)

    assert status(f"Bearer {own}") == 200
    assert status(f"Bearer {foreign}") == 404
    assert [status(text) for text in (f"Bearer {own}x", "Bearer akt_", "Bearer ", own, f"Basic {own}")] == [401] * 5
    assert status(f"Bearer {own}", "?from=2026-11-02&to=2026-11-01") == 400


def test_a_token_changes_nothing_by_being_a_session(prop: Property) -> None:
    own = tokens.issue(prop.account, "test")
    answer = Client().get(reverse("overview", args=[prop.id]), headers={"Authorization": f"Bearer {own}"})
    assert answer.status_code == LOGIN
