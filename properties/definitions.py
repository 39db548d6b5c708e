"""Make and change properties. The account or the property is the first argument."""

from collections.abc import Iterable

from django.db import transaction

from accounts.models import Account
from properties.hostnames import normalise
from properties.models import Hostname, LayoutName, Property


class HostnameTaken(ValueError):
    """Another property of the account has this hostname already."""


@transaction.atomic
def create(
    account: Account,
    name: str,
    patterns: Iterable[str],
    time_zone: str = "UTC",
    layout: LayoutName = LayoutName.PACKED,
) -> Property:
    """A new property. Raises ValueError for a bad hostname, HostnameTaken for one in use."""
    prop = Property(account=account, name=name, time_zone=time_zone, layout=layout)
    prop.clean_fields()
    prop.save()
    set_hostnames(prop, patterns)
    return prop


@transaction.atomic
def set_hostnames(prop: Property, patterns: Iterable[str]) -> None:
    """Make `patterns` the hostnames of `prop`. Raises ValueError, HostnameTaken."""
    wanted = list(dict.fromkeys(normalise(pattern) for pattern in patterns))
    taken = Hostname.objects.filter(account=prop.account, pattern__in=wanted).exclude(prop=prop).first()
    if taken:
        raise HostnameTaken(f"{taken.pattern} belongs to {taken.prop.name} already.")
    prop.hostnames.exclude(pattern__in=wanted).delete()
    present = set(prop.hostnames.values_list("pattern", flat=True))
    for pattern in wanted:
        if pattern not in present:
            Hostname(prop=prop, pattern=pattern).save()
    prop.save()


@transaction.atomic
def change(prop: Property, name: str, patterns: Iterable[str], time_zone: str) -> None:
    """Rename `prop`, and set its hostnames and time zone. Raises as `create` does."""
    prop.name, prop.time_zone = name, time_zone
    prop.clean_fields()
    set_hostnames(prop, patterns)
