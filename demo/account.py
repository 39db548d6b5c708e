"""The demo's own user, account and property, made once."""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from accounts.models import Account, Membership, User
from accounts.modules import Role
from demo import state
from demo.state import History, State
from properties import definitions
from properties.models import Hostname, Property

EMAIL = "demo@aktivat.example"
ACCOUNT = "Demo"
PROPERTY = "Demo shop"
# A property whose history nobody noted counts as played, so that its past never doubles.
UNKNOWN_HISTORY = History(seed=0, visitors=0, days=0, now=0, done=True)


@dataclass(frozen=True)
class Demo:
    email: str
    account_id: int
    property_id: int
    created: bool
    password: str | None


@transaction.atomic
def ensure() -> Demo:
    """The demo's account, made where it is missing. The password is known only when the user is new."""
    known = state.read()
    user, password = _user()
    account = _account(user)
    prop, property_is_new = _property(account, known)
    _set_hostnames(prop, known)
    state.write(account.id, prop.id, _public_host(), history=None if property_is_new else UNKNOWN_HISTORY)
    return Demo(user.email, account.id, prop.id, password is not None, password)


def _user() -> tuple[User, str | None]:
    user = User.objects.filter(email=EMAIL).first()
    if user is not None:
        return user, None
    password = secrets.token_urlsafe(12)
    return User.objects.create_user(EMAIL, password, name="Demo"), password


def _account(user: User) -> Account:
    account = Account.objects.filter(memberships__user=user, memberships__role=Role.OWNER).order_by("id").first()
    if account is None:
        account = Account.objects.create(name=ACCOUNT)
        Membership.objects.create(account=account, user=user, role=Role.OWNER)
    return account


def _property(account: Account, known: State | None) -> tuple[Property, bool]:
    mine = Property.objects.filter(account=account).order_by("id")
    # By its id first: the name may have been changed.
    prop = mine.filter(id=known.property_id).first() if known else None
    prop = prop or mine.filter(name=PROPERTY).first()
    if prop is not None:
        return prop, False
    return definitions.create(account, PROPERTY, []), True


def _set_hostnames(prop: Property, known: State | None) -> None:
    """Add what is missing and drop the former public host; hostnames added by hand stay."""
    wanted = dict.fromkeys(("127.0.0.1", "localhost", _public_host()))
    present = [hostname.pattern for hostname in prop.hostnames.all()]
    kept = [pattern for pattern in present if pattern in wanted or known is None or pattern != known.public_host]
    elsewhere = set(Hostname.objects.filter(account=prop.account).exclude(prop=prop).values_list("pattern", flat=True))
    patterns = list(dict.fromkeys([*kept, *(host for host in wanted if host not in elsewhere)]))
    if patterns != present:
        definitions.set_hostnames(prop, patterns)


def _public_host() -> str:
    host: str = settings.PUBLIC_HOST
    return f"[{host}]" if ":" in host else host
