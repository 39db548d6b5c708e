"""A property is a site, an app or anything that is measured. In code it is called `prop`."""

import zoneinfo
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from accounts.models import Account
from properties import hostnames


def check_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name} is not a time zone such as Europe/Paris.")


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
    layout = models.CharField(max_length=10, choices=LayoutName.choices, default=LayoutName.SEED, editable=False)
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
