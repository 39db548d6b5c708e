"""A property is a site, an app or anything that is measured. In code it is called `prop`."""

import zoneinfo
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import BaseValidator, MaxValueValidator, MinValueValidator
from django.db import models

from accounts.models import Account
from properties import grouping, hostnames
from properties.exclusions import Exclusions


def check_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name} is not a time zone such as Europe/Paris.")


def check_page_groups(text: str) -> None:
    _check(grouping.parse, text)


def check_addresses(text: str) -> None:
    _check(Exclusions.parse, text)


def _check(parse: Callable[[str], object], text: str) -> None:
    try:
        parse(text)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def between(low: int, high: int) -> list[BaseValidator]:
    return [MinValueValidator(low), MaxValueValidator(high)]


# The least and the largest value of a property's whole numbers.
BOUNDS = {
    "session_minutes": (1, 720),
    "minutes_kept_hours": (1, 24 * 3660),
    "hours_kept_days": (1, 36_600),
    "names_a_day": (10, 100_000),
}


class LayoutName(models.TextChoices):
    """How the bitmaps of a property are kept: tracking/bitmaps/layouts."""

    SEED = "seed", "seed: one key for each bitmap"
    PACKED = "packed", "packed: compressed, many bitmaps to a key"


class Property(models.Model):
    account = models.ForeignKey(Account, models.CASCADE, related_name="properties")
    name = models.CharField(max_length=120)
    time_zone = models.CharField(
        max_length=64, default="UTC", validators=[check_time_zone], help_text="Days begin at midnight here."
    )
    layout = models.CharField(max_length=10, choices=LayoutName.choices, default=LayoutName.PACKED, editable=False)
    session_minutes = models.PositiveIntegerField(
        default=30, validators=between(*BOUNDS["session_minutes"]), help_text="So long without an event ends a session."
    )
    minutes_kept_hours = models.PositiveIntegerField(
        default=48,
        validators=between(*BOUNDS["minutes_kept_hours"]),
        help_text="How long the numbers of single minutes are kept.",
    )
    hours_kept_days = models.PositiveIntegerField(
        default=90,
        validators=between(*BOUNDS["hours_kept_days"]),
        help_text="How long the numbers of single hours are kept.",
    )
    names_a_day = models.PositiveIntegerField(
        default=5_000,
        validators=between(*BOUNDS["names_a_day"]),
        help_text="Distinct pages, sources … a day; the others count under (other).",
    )
    page_groups = models.TextField(
        blank=True,
        validators=[check_page_groups],
        help_text="One pattern a line: /product/:id, or /shop/** -> Shop. Pages that fit count as one.",
    )
    kept_parameters = models.CharField(
        max_length=500, blank=True, help_text="Query parameters whose values are never removed, with spaces between."
    )
    attribute_traits = models.CharField(
        max_length=500, blank=True, help_text="Event attributes that visitors can be counted by, with spaces between."
    )
    excluded_addresses = models.TextField(
        blank=True,
        validators=[check_addresses],
        help_text="Your own addresses, one a line, as 203.0.113.7 or 2001:db8::/32. Their visits are not counted.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # Raised by every change of what the collector needs to know; see tracking/directory.py.
    changed_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        verbose_name_plural = "properties"
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class Hostname(models.Model):
    """A hostname, or a wildcard, whose events belong to the property. One property of an account each."""

    prop = models.ForeignKey(Property, models.CASCADE, related_name="hostnames")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    pattern = models.CharField(max_length=hostnames.LONGEST)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "pattern"], name="hostname_once_in_an_account")
        ]

    def __str__(self) -> str:
        return self.pattern

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.account_id = self.prop.account_id
        self.pattern = hostnames.normalise(self.pattern)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        try:
            self.pattern = hostnames.normalise(self.pattern)
        except ValueError as error:
            raise ValidationError({"pattern": str(error)}) from None


class WriteKey(models.Model):
    """A key to send events of one property. Its text is shown once; see write_keys.py."""

    prop = models.ForeignKey(Property, models.CASCADE, related_name="write_keys")
    name = models.CharField(max_length=120, help_text="What it is used for.")
    prefix = models.CharField(max_length=8, help_text="How it begins, to tell it from others.")
    digest = models.CharField(max_length=64, unique=True)
    backfill = models.BooleanField(default=False, help_text="May send events of any age.")
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_on = models.DateField(null=True, blank=True, help_text="To the day, in UTC.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
