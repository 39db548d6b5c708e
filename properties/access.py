"""The only door to properties. Strangers get 404, members without the right 403."""

from django.http import Http404

from accounts.access import membership_of, require
from accounts.models import ApiToken, User
from accounts.modules import Level, Module
from properties.models import Hostname, Property


def access_property(user: User, property_id: int, module: Module, level: Level = Level.VIEW) -> Property:
    """The property, when `user` has `level` in `module` of its account.

    Raises Http404 for strangers, NotPermitted (403) for members without the right.
    """
    prop = Property.objects.select_related("account").filter(id=property_id).first()
    if prop is None:
        raise Http404("No such property.")
    require(membership_of(user, prop.account_id), module, level)
    return prop


def properties_of(user: User) -> list[Property]:
    """The properties whose numbers `user` may see, by name."""
    rows = Property.objects.filter(account__memberships__user=user).select_related("account")
    return list(rows.prefetch_related("hostnames").order_by("account__name", "name", "id"))


def access_property_by_token(token: ApiToken, property_id: int) -> Property | None:
    """The property, when it is of the token's account."""
    return Property.objects.filter(id=property_id, account=token.account).first()


def patterns_of(prop: Property) -> set[str]:
    """The hostnames and wildcards of every property in the account of `prop`."""
    return set(Hostname.objects.filter(account=prop.account_id).values_list("pattern", flat=True))
