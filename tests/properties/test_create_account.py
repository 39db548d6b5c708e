"""./aktivat manage create_account: all or nothing, JSON on the last line, each refusal one sentence."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts import tokens
from accounts.models import Account, ApiToken, Membership, User
from properties.models import Property

pytestmark = pytest.mark.django_db
GOOD = {
    "email": "Owner@Shop.example",
    "password": "correct horse battery",
    "name": "Shop",
    "property": "www.shop.example",
}


def create(**options: str) -> dict[str, Any]:
    printed = StringIO()
    call_command("create_account", stdout=printed, **{**GOOD, **options})
    made: dict[str, Any] = json.loads(printed.getvalue().splitlines()[-1])
    return made


def test_it_makes_all_that_a_first_start_needs() -> None:
    made = create(time_zone="Europe/Paris")
    user = User.objects.get(email="owner@shop.example")
    assert user.check_password(GOOD["password"])
    assert not user.is_staff
    assert Membership.objects.get(user=user).role == "owner"
    prop = Property.objects.get(id=made["property_id"])
    assert (prop.account_id, prop.time_zone) == (made["account_id"], "Europe/Paris")
    assert [hostname.pattern for hostname in prop.hostnames.all()] == ["www.shop.example"]
    token = tokens.verify(made["api_token"])
    assert token is not None
    assert token.account_id == made["account_id"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"email": "nobody"}, "Enter a valid email address."),
        ({"password": "short"}, "This password is too short. It must contain at least 10 characters."),
        ({"password": "password123"}, "This password is too common."),
        ({"name": " "}, "Name: This field cannot be blank."),
        ({"property": "not a host"}, "'not a host' is not a hostname such as www.example.com or *.example.com."),
        ({"time_zone": "Mars/Olympus"}, "Time zone: Mars/Olympus is not a time zone such as Europe/Paris."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        create(**options)
    assert str(refused.value) == sentence
    assert (User.objects.count(), Account.objects.count(), Property.objects.count()) == (0, 0, 0)


def test_a_known_address_is_refused_whatever_its_capitals() -> None:
    create()
    with pytest.raises(CommandError, match=r"There is a user owner@shop\.example already"):
        create(email="OWNER@shop.example")
    assert Account.objects.count() == 1


def test_only_the_digest_of_a_token_is_kept() -> None:
    made = create()
    kept = ApiToken.objects.get()
    assert made["api_token"].startswith(kept.prefix)
    assert len(kept.prefix) == 8
    assert made["api_token"] not in str(vars(kept))
    assert kept.last_used_at is None


@pytest.mark.parametrize("text", ["", "akt_", "akt_nothing", "nothing", "akt_\0"])
def test_another_text_is_no_token(text: str) -> None:
    create()
    assert tokens.verify(text) is None
