"""Forms that make and change a property."""

import zoneinfo
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django import forms

from accounts.models import Account
from properties import definitions, hostnames
from properties.models import Property

AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
Choices = list[tuple[str, str] | tuple[str, list[tuple[str, str]]]]


def time_zone_choices() -> Choices:
    """UTC, then the places of the world by area. Old aliases and POSIX names are left out."""
    names = sorted(name for name in zoneinfo.available_timezones() if name.partition("/")[0] in AREAS)
    grouped = groupby(names, key=lambda name: name.partition("/")[0])
    return [("UTC", "UTC"), *((area, [(name, _place(name)) for name in members]) for area, members in grouped)]


def _place(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", ", ")


class Hostnames(forms.CharField):
    """One hostname a line, each checked; gives a list. An address with https:// stands for its host."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"})

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        lines = (line.strip() for line in str(value or "").splitlines())
        return [line.partition("://")[2].partition("/")[0] or line for line in lines if line]

    def validate(self, value: Sequence[str]) -> None:
        super().validate("\n".join(value))
        for line in value:
            try:
                hostnames.normalise(line)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None

    def run_validators(self, value: Any) -> None:
        """The base class would check the list as if it were text; `validate` has checked each line."""


class PropertyForm(forms.Form):
    """A property's name, hostnames and time zone. `save` writes through properties.definitions."""

    name = forms.CharField(
        max_length=120,
        error_messages={"required": "Give it a name."},
        help_text="As your team calls it, for example Shop or Blog.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    hostnames = Hostnames(
        error_messages={"required": "Name at least one hostname; without it no event can be told to belong here."},
        help_text="One a line, for example www.example.com. *.example.com stands for every host below "
        "example.com and not for example.com itself; * stands for any host.",
    )
    time_zone = forms.ChoiceField(choices=time_zone_choices, help_text="Days begin at midnight here.")

    def __init__(self, account: Account, *args: Any, prop: Property | None = None, **kwargs: Any) -> None:
        if prop:
            kwargs["initial"] = {
                "name": prop.name,
                "hostnames": "\n".join(hostname.pattern for hostname in prop.hostnames.all()),
                "time_zone": prop.time_zone,
            }
        super().__init__(*args, **kwargs)
        self.account, self.prop = account, prop
        if prop:
            self.fields[
                "time_zone"
            ].help_text = (
                "Days begin at midnight here. A new time zone counts from now on; days that are over stay as they were."
            )
        known = self.initial.get("time_zone", "UTC")
        if prop and not any(known in (name, *_names(inner)) for name, inner in time_zone_choices()):
            self.fields["time_zone"].choices = [(known, known), *time_zone_choices()]  # type: ignore[attr-defined]

    def save(self) -> Property | None:
        """The property made or changed; None when a hostname is taken, which the form then says."""
        wanted = self.cleaned_data
        try:
            if self.prop is None:
                return definitions.create(self.account, wanted["name"], wanted["hostnames"], wanted["time_zone"])
            definitions.change(self.prop, wanted["name"], wanted["hostnames"], wanted["time_zone"])
        except definitions.HostnameTaken as error:
            self.add_error("hostnames", str(error))
            if self.prop:
                self.prop.refresh_from_db()
            return None
        return self.prop


def _names(inner: str | list[tuple[str, str]]) -> list[str]:
    return [] if isinstance(inner, str) else [name for name, _ in inner]
