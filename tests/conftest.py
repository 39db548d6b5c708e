"""Three people ask for everything: Alice owns the account, Bob may view it, Charlie is a stranger."""

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from accounts.models import Account, Membership, User
from accounts.modules import Role
from cluster.connections import broker, data
from properties import definitions
from properties.models import LayoutName, Property


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that reach the database through a fixture are chosen by `-m django_db` as well."""
    for item in items:
        if "db" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db)


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Slow hashes are for passwords that somebody may steal."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def static_files() -> None:
    """What pages refer to by its hashed name, as `aktivat up` collects it."""
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture
def account(db: None, static_files: None) -> Account:
    return Account.objects.create(name="Alice and company")


@pytest.fixture
def alice(account: Account) -> User:
    return member(account, "alice@aktivat.example", Role.OWNER)


@pytest.fixture
def bob(account: Account) -> User:
    return member(account, "bob@aktivat.example", Role.VIEWER)


@pytest.fixture
def charlie(db: None) -> User:
    """A stranger, who owns an account and a property of his own."""
    other = Account.objects.create(name="Charlie's")
    definitions.create(other, "Elsewhere", ["elsewhere.example"])
    return member(other, "charlie@aktivat.example", Role.OWNER)


def member(account: Account, email: str, role: Role) -> User:
    user = User.objects.create_user(email, "correct horse battery")
    Membership.objects.create(account=account, user=user, role=role)
    return user


@pytest.fixture
def layout() -> LayoutName:
    """How the bitmaps of `prop` are kept; what must be the same in all layouts is asked of each."""
    return LayoutName.PACKED


@pytest.fixture
def prop(account: Account, empty_servers: None, layout: LayoutName) -> Property:
    made = definitions.create(account, "Shop", ["shop.example", "*.shop.example"], layout=layout)
    # Tests live on one day for ever; what they write must not be too old to be kept.
    made.minutes_kept_hours, made.hours_kept_days = 24 * 3660, 36_600
    made.save()
    return made


@pytest.fixture
def empty_servers(servers: None) -> None:
    """Both servers of this test process, emptied (they are its own and hold nothing else)."""
    data().flushall()
    broker().flushall()
