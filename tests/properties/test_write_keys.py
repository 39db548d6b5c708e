"""Write keys: who makes and revokes them, that they are shown once, and that nobody else's are touched."""

import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tokens import digest_of
from properties import write_keys
from properties.models import Property, WriteKey
from tracking import directory
from tracking.admission import Grant


@pytest.fixture
def owner(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def elsewhere(charlie: User) -> Property:
    return Property.objects.get(account__users=charlie)


def test_a_key_is_shown_once_and_only_its_digest_is_kept(owner: Client, prop: Property) -> None:
    answer = owner.post(reverse("make_write_key", args=[prop.id]), {"name": "The shop's server", "backfill": "yes"})
    found = re.search(r'id="new-key">(akw_[\w-]{43})<', answer.content.decode())
    assert answer.status_code == 200
    assert found
    assert "no-store" in answer["Cache-Control"]
    assert f'action="{reverse("property_settings", args=[prop.id])}"' in answer.content.decode(), (
        "not where the key is made"
    )
    key = WriteKey.objects.get()
    assert (key.prop, key.digest, key.backfill) == (prop, digest_of(found[1]), True)
    assert found[1] not in str(vars(key))
    page = owner.get(reverse("property_settings", args=[prop.id])).content.decode()
    assert found[1] not in page
    assert all(shown in page for shown in ("The shop&#x27;s server", f"{found[1][:8]}…", "never", "events of any age"))


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a\x00b"])
def test_a_key_needs_a_name(owner: Client, prop: Property, name: str) -> None:
    answer = owner.post(reverse("make_write_key", args=[prop.id]), {"name": name}, follow=True)
    assert "Give the key a name" in answer.content.decode()
    assert not WriteKey.objects.exists()


def test_a_property_has_a_bounded_number_of_keys(owner: Client, prop: Property) -> None:
    for number in range(write_keys.MOST_KEYS):
        write_keys.make(prop, f"key {number}")
    answer = owner.post(reverse("make_write_key", args=[prop.id]), {"name": "one more"}, follow=True)
    assert "has 50 keys already" in answer.content.decode()
    write_keys.revoke(prop, WriteKey.objects.latest("id").id)
    write_keys.make(prop, "one more")


def test_a_revoked_key_is_shown_as_one(owner: Client, prop: Property) -> None:
    write_keys.make(prop, "Old server")
    key = WriteKey.objects.get()
    answer = owner.post(reverse("revoke_write_key", args=[prop.id]), {"key": key.id}, follow=True)
    text = answer.content.decode()
    assert "Old server is revoked." in text
    assert f'name="key" value="{key.id}"' not in text
    again = owner.post(reverse("revoke_write_key", args=[prop.id]), {"key": key.id}, follow=True)
    assert "There is no such key any more." in again.content.decode()


@pytest.mark.parametrize("wanted", ["", "x", "-1", "9" * 40, "²"])
def test_a_key_that_is_none_is_not_revoked(owner: Client, prop: Property, wanted: str) -> None:
    answer = owner.post(reverse("revoke_write_key", args=[prop.id]), {"key": wanted}, follow=True)
    assert "There is no such key any more." in answer.content.decode()


def test_a_strangers_key_is_out_of_reach(owner: Client, prop: Property, elsewhere: Property) -> None:
    write_keys.make(elsewhere, "Charlie's")
    key = WriteKey.objects.get()
    owner.post(reverse("revoke_write_key", args=[prop.id]), {"key": key.id})
    assert owner.post(reverse("revoke_write_key", args=[elsewhere.id]), {"key": key.id}).status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None
    assert "Charlie" not in owner.get(reverse("property_settings", args=[prop.id])).content.decode()


def test_a_viewer_makes_and_revokes_none(client: Client, prop: Property, bob: User) -> None:
    write_keys.make(prop, "The server")
    key = WriteKey.objects.get()
    client.force_login(bob)
    assert client.post(reverse("make_write_key", args=[prop.id]), {"name": "mine"}).status_code == 403
    assert client.post(reverse("revoke_write_key", args=[prop.id]), {"key": key.id}).status_code == 403
    assert WriteKey.objects.get().revoked_at is None


def test_the_collectors_table_has_the_keys_in_use(prop: Property, elsewhere: Property) -> None:
    texts = [write_keys.make(prop, "a"), write_keys.make(prop, "b", backfill=True), write_keys.make(elsewhere, "c")]
    gone = write_keys.make(prop, "d")
    write_keys.revoke(prop, WriteKey.objects.latest("id").id)
    table = directory.load().keys
    grants = [table[digest_of(text)][1] for text in texts]
    assert grants == [
        Grant(prop.account_id, prop.id),
        Grant(prop.account_id, prop.id, backfill=True),
        Grant(elsewhere.account_id, elsewhere.id),
    ]
    assert digest_of(gone) not in table


def test_a_hostname_means_whoever_names_it_and_not_who_takes_any(prop: Property, elsewhere: Property) -> None:
    elsewhere.hostnames.create(pattern="*")
    table = directory.load()
    ours, theirs = Grant(prop.account_id, prop.id), Grant(elsewhere.account_id, elsewhere.id)
    assert table.place("a.shop.example", frozenset()) == [ours]
    assert table.place("unknown.example", frozenset()) == []
    assert table.place("unknown.example", frozenset([elsewhere.account_id])) == [theirs]
    elsewhere.hostnames.create(pattern="shop.example")
    assert set(directory.load().place("shop.example", frozenset())) == {ours, theirs}
    assert directory.load().place("shop.example", frozenset([prop.account_id])) == [ours]


def test_the_command_makes_a_key(prop: Property) -> None:
    printed = StringIO()
    call_command("create_write_key", str(prop.id), name="script", stdout=printed)
    made = json.loads(printed.getvalue().splitlines()[-1])
    assert made["property_id"] == prop.id
    assert WriteKey.objects.get().digest == digest_of(made["write_key"])
    with pytest.raises(CommandError, match="There is no property"):
        call_command("create_write_key", "999999", name="script")
    with pytest.raises(CommandError, match="Give the key a name"):
        call_command("create_write_key", str(prop.id), name=" ")
