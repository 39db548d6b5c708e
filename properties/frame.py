"""What stands around a property's page: the navigation and the switcher."""

from typing import Any

from accounts.access import membership_of
from accounts.models import User
from accounts.navigation import places_for
from properties.access import properties_of
from properties.models import Property


def frame(user: User, prop: Property, place: str) -> dict[str, Any]:
    """The context of base_property.html. `place` is the name of the page's own URL."""
    places = places_for(membership_of(user, prop.account_id).role)
    return {
        "prop": prop,
        "place": place,
        "places": places,
        "switcher": properties_of(user),
        "switch_to": place if place in {known.name for known in places} else "overview",
    }
