"""The places of a property's pages: each app adds its own, the frame shows those a member may see. Pure."""

from dataclasses import dataclass

from accounts.modules import Level, Module, level_of


@dataclass(frozen=True)
class Place:
    """One entry of the navigation.

    `name` is the name of its URL, which takes a property's id. `key` is the letter that goes there
    after `g`. `order` sorts; places of one `group` stand together.
    """

    name: str
    words: str
    icon: str
    key: str
    module: Module
    level: Level
    group: str
    order: int


_places: dict[str, Place] = {}


def register(place: Place) -> None:
    """Add `place`. Called from an app's `ready`; a second place of the same name replaces the first."""
    _places[place.name] = place


def places_for(role: str) -> list[Place]:
    """The places that a member with `role` may see, in order."""
    seen = (place for place in _places.values() if level_of(role, place.module) >= place.level)
    return sorted(seen, key=lambda place: place.order)
