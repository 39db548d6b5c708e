"""`manage bitmap count|ids ADDRESS`: read one bitmap by its address, as `evt:signup::2026-11-24`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from properties.models import Property
from tracking.bitmaps import addresses
from tracking.bitmaps.slots import Slot
from tracking.reading import load


class Command(BaseCommand):
    help = "Read the bitmap at an address, as evt:signup::2026-11-24 or evt:signup::2026-11-24-02-13."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["count", "ids"], help="how many visitors, or their indexes")
        parser.add_argument("address", help="trait::slot")
        parser.add_argument("--property", type=int, help="its id; may be left out when there is only one")

    def handle(self, *args: Any, **options: Any) -> None:
        prop = self._property(options["property"])
        try:
            address = addresses.parse(options["address"])
            Slot.parse(address.label, prop.tz)
        except ValueError as error:
            raise CommandError(str(error)) from None
        visitors = load(prop, [address])[address]
        if options["what"] == "count":
            self.stdout.write(str(len(visitors)))
        else:
            self.stdout.write("\n".join(str(index) for index in visitors))

    def _property(self, property_id: int | None) -> Property:
        if property_id is None:
            found = list(Property.objects.all()[:2])
            if len(found) != 1:
                raise CommandError("Say which property, as --property 3.")
            return found[0]
        prop = Property.objects.filter(id=property_id).first()
        if prop is None:
            raise CommandError(f"There is no property {property_id}.")
        return prop
