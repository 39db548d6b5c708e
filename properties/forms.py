"""Forms that make and change a property."""

import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from django import forms

from accounts.models import Account
from properties import definitions, grouping, hostnames
from properties.exclusions import Exclusions
from properties.models import BOUNDS, Property

AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
MOST_ERRORS = 10
PLAIN = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
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

    widget = forms.Textarea(attrs={"rows": 4, **PLAIN})

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


class Lines(forms.CharField):
    """Text of which every line is checked by itself; each that is wrong is named with its number."""

    def __init__(self, check: Callable[[str], object], **kwargs: Any) -> None:
        """`check` takes one line and raises ValueError with what is wrong."""
        widget = forms.Textarea(attrs={"rows": 4, **PLAIN})
        super().__init__(required=False, max_length=20_000, widget=widget, **kwargs)
        self._check = check

    def validate(self, value: str) -> None:
        wrong = []
        for number, line in enumerate(value.splitlines(), start=1):
            try:
                self._check(line)
            except ValueError as error:
                wrong.append(f"Line {number}: {error}")
        if wrong:
            raise forms.ValidationError(wrong[:MOST_ERRORS])


class Words(forms.CharField):
    """Words with spaces or commas between; each is one once."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=500, widget=forms.TextInput(attrs=PLAIN), **kwargs)

    def to_python(self, value: Any) -> str:
        return " ".join(dict.fromkeys((super().to_python(value) or "").replace(",", " ").split()))


class Whole(forms.IntegerField):
    """A whole number of the property's, with its unit in the label."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        low, high = BOUNDS[name]
        message = f"Say a whole number from {low:,} to {high:,}."
        errors = {"required": message, "invalid": message, "min_value": message, "max_value": message}
        super().__init__(min_value=low, max_value=high, error_messages=errors, **kwargs)


class RulesForm(forms.Form):
    """What a property decides about its events: properties.definitions.RULES."""

    session_minutes = Whole(
        "session_minutes",
        label="Minutes that end a session",
        help_text="After so long without an event, the next one begins a new session.",
    )
    names_a_day = Whole(
        "names_a_day",
        label="Names a day",
        help_text="Distinct pages, sources and the like that are told apart on one day. The rest counts under (other).",
    )
    minutes_kept_hours = Whole(
        "minutes_kept_hours",
        label="Hours that minutes are kept",
        help_text="After that, the numbers of the hour remain.",
    )
    hours_kept_days = Whole(
        "hours_kept_days",
        label="Days that hours are kept",
        help_text="After that, the numbers of the day remain, for good.",
    )
    page_groups = Lines(
        grouping.parse,
        label="Page groups",
        help_text="Pages that count as one, a pattern a line. /product/:id and /blog/* stand for one part of a path, "
        "/shop/** for any rest; behind -> stands another name: /shop/** -> Shop. The first pattern that fits decides.",
    )
    kept_parameters = Words(
        label="Query parameters to keep",
        help_text="Values in addresses that look personal or secret are removed, but never those of these. "
        "With spaces between, as in: ref page",
    )
    attribute_traits = Words(
        label="Event attributes to count by",
        help_text="Visitors are counted by the values of each. With spaces between, as in: plan variant",
    )
    excluded_addresses = Lines(
        Exclusions.parse,
        label="Addresses that are not counted",
        help_text="Your own office, a monitor: an address or network a line, as 203.0.113.7 or 2001:db8::/32.",
    )

    def __init__(self, prop: Property, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={rule: getattr(prop, rule) for rule in definitions.RULES})

    def clean_page_groups(self) -> str:
        """Checks the number of patterns, which no single line shows."""
        text: str = self.cleaned_data["page_groups"]
        try:
            grouping.parse(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
        return text


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
            ].help_text = "Days begin at midnight here. In a new time zone all days are counted anew, from the archive."
        known = self.initial.get("time_zone", "UTC")
        if prop and not any(known in (name, *_names(inner)) for name, inner in time_zone_choices()):
            self.fields["time_zone"].choices = [(known, known), *time_zone_choices()]  # type: ignore[attr-defined]

    def save(self, rules: Mapping[str, str | int] | None = None) -> Property | None:
        """The property made or changed; None when a hostname is taken, which the form then says.

        `rules`: what is set together with a change, the cleaned data of a RulesForm.
        """
        wanted = self.cleaned_data
        try:
            if self.prop is None:
                return definitions.create(self.account, wanted["name"], wanted["hostnames"], wanted["time_zone"])
            definitions.change(self.prop, wanted["name"], wanted["hostnames"], wanted["time_zone"], rules)
        except definitions.HostnameTaken as error:
            self.add_error("hostnames", str(error))
            if self.prop:
                self.prop.refresh_from_db()
            return None
        return self.prop


def _names(inner: str | list[tuple[str, str]]) -> list[str]:
    return [] if isinstance(inner, str) else [name for name, _ in inner]
