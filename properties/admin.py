"""The operator's view of properties."""

from django.contrib import admin
from django.http import HttpRequest

from properties import definitions
from properties.models import Hostname, Property


class HostnameInline(admin.TabularInline):
    model = Hostname
    fields = ("pattern",)
    extra = 0


@admin.register(Property)
class PropertyAdmin(admin.ModelAdmin):
    list_display = ("name", "id", "account", "time_zone", "created_at")
    list_select_related = ("account",)
    search_fields = ("name", "account__name", "hostnames__pattern")
    autocomplete_fields = ("account",)
    inlines = (HostnameInline,)
    fieldsets = (
        (None, {"fields": ("account", "name", "time_zone")}),
        ("Rules", {"fields": definitions.RULES}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Property | None = None) -> tuple[str, ...]:
        """The account is part of every key of a property: it is chosen once."""
        return ("account",) if obj else ()
