"""Make and change properties. The account or the property is the first argument."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from accounts.models import Account
from properties.hostnames import normalise
from properties.models import Hostname, LayoutName, Property
from properties.signals import time_zone_changed


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


# What a property decides about its events, see properties.models.Property.
RULES = (
    "session_minutes",
    "minutes_kept_hours",
    "hours_kept_days",
    "names_a_day",
    "page_groups",
    "kept_parameters",
    "attribute_traits",
    "excluded_addresses",
)


@transaction.atomic
def change(
    prop: Property, name: str, patterns: Iterable[str], time_zone: str, rules: Mapping[str, str | int] | None = None
) -> None:
    """Rename `prop`, and set its hostnames, time zone and those of its RULES that `rules` names.

    Raises as `create` does, and django's ValidationError for a rule that is none.
    """
    moved = prop.time_zone != time_zone
    prop.name, prop.time_zone = name, time_zone
    for rule, value in (rules or {}).items():
        if rule not in RULES:
            raise ValueError(f"{rule} is no rule of a property.")
        setattr(prop, rule, value)
    prop.clean_fields()
    set_hostnames(prop, patterns)
    if moved:
        transaction.on_commit(lambda: time_zone_changed.send(Property, prop=prop))
