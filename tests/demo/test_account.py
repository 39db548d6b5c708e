"""The demo's account: made once, kept as it is, and following the public URL."""

import json
import stat
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from pytest_django import Settings

from accounts.models import Account, Membership, User
from demo import account, state
from demo.account import Demo
from demo.state import History
from properties import definitions
from properties.models import Property

PLAYED = History(seed=7, visitors=400, days=30, now=1_764_000_000_000, played=12)


def patterns(demo: Demo) -> set[str]:
    return set(Property.objects.get(id=demo.property_id).hostnames.values_list("pattern", flat=True))


def told() -> dict[str, object]:
    output = StringIO()
    call_command("demo_account", stdout=output)
    last: dict[str, object] = json.loads(output.getvalue().splitlines()[-1])
    return last


def test_the_command_makes_it_once_and_tells_the_password_once(db: None, data_folder: Path) -> None:
    first, second = told(), told()
    assert first.pop("created") is True
    assert second.pop("created") is False
    user = authenticate(username=str(first["email"]), password=str(first.pop("password")))
    assert user is not None
    assert first == second
    assert (Account.objects.count(), User.objects.count(), Property.objects.count()) == (1, 1, 1)


def test_the_user_owns_the_account_and_is_no_operator(demo: Demo) -> None:
    membership = Membership.objects.get()
    assert (membership.user.email, membership.account_id, membership.role) == (demo.email, demo.account_id, "owner")
    assert not membership.user.is_staff
    assert not membership.user.is_superuser


def test_the_hostnames_follow_the_public_url(demo: Demo, settings: Settings) -> None:
    assert patterns(demo) == {"127.0.0.1", "localhost", "testserver"}
    settings.PUBLIC_HOST = "stats.example.com"
    account.ensure()
    assert patterns(demo) == {"127.0.0.1", "localhost", "stats.example.com"}
    settings.PUBLIC_HOST = "::1"
    account.ensure()
    assert patterns(demo) == {"127.0.0.1", "localhost", "[::1]"}


def test_hostnames_added_by_hand_stay(demo: Demo, settings: Settings) -> None:
    prop = Property.objects.get()
    definitions.set_hostnames(prop, [*patterns(demo), "added.example"])
    settings.PUBLIC_HOST = "stats.example.com"
    account.ensure()
    assert patterns(demo) == {"127.0.0.1", "localhost", "stats.example.com", "added.example"}


def test_a_hostname_given_to_another_property_stays_there(demo: Demo) -> None:
    definitions.set_hostnames(Property.objects.get(), ["127.0.0.1"])
    other = definitions.create(Account.objects.get(), "Other", ["localhost"])
    account.ensure()
    assert patterns(demo) == {"127.0.0.1", "testserver"}
    assert other.hostnames.get().pattern == "localhost"


def test_a_renamed_property_is_still_the_demo(demo: Demo) -> None:
    Property.objects.update(name="My shop")
    assert account.ensure().property_id == demo.property_id


def test_a_second_run_leaves_the_history_alone(demo: Demo) -> None:
    state.write_history(demo.account_id, PLAYED)
    account.ensure()
    kept = state.read()
    assert kept is not None
    assert kept.history == PLAYED


def test_when_the_file_is_lost_the_history_counts_as_played(demo: Demo, data_folder: Path) -> None:
    (data_folder / "demo.json").unlink()
    account.ensure()
    kept = state.read()
    assert kept is not None
    assert kept.history is not None
    assert kept.history.done


def test_when_the_database_is_lost_the_history_begins_anew(demo: Demo) -> None:
    state.write_history(demo.account_id, replace(PLAYED, done=True))
    Account.objects.all().delete()
    User.objects.all().delete()
    made = account.ensure()
    kept = state.read()
    assert kept is not None
    assert (made.created, kept.account_id, kept.history) == (True, made.account_id, None)


def test_the_history_of_another_account_is_not_noted(demo: Demo) -> None:
    state.write_history(demo.account_id + 1, PLAYED)
    kept = state.read()
    assert kept is not None
    assert kept.history is None


@pytest.mark.usefixtures("demo")
def test_the_file_holds_no_secret(data_folder: Path) -> None:
    kept = json.loads((data_folder / "demo.json").read_text())
    assert set(kept) == {"account_id", "property_id", "public_host", "history"}
    assert stat.S_ISREG((data_folder / "demo.json").stat().st_mode)
