"""`manage erase --property ID --person ID | --visitor UUID`: leave nothing of somebody."""

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from properties.models import Property
from tracking import erasure
from tracking.archive import hold
from tracking.archive.store import StoreError
from tracking.lease import Busy


class Command(BaseCommand):
    help = "Erase a person, or virtual visitors, from a property: numbers, sessions, records and archive."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--property", type=int, required=True, help="its id")
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--person", help="the property's own id of the user")
        who.add_argument("--visitor", type=uuid.UUID, action="append", help="the uuid in the cookie; may come again")

    def handle(self, *args: Any, **options: Any) -> None:
        prop = Property.objects.filter(id=options["property"]).first()
        if prop is None:
            raise CommandError(f"There is no property {options['property']}.")
        try:
            if options["person"]:
                erased = erasure.erase_person(prop, options["person"])
            else:
                erased = erasure.erase_visitors(prop, [visitor.bytes for visitor in options["visitor"]])
        except (Busy, hold.Busy, StoreError) as error:
            raise CommandError(f"{error} What is erased is erased; call it again for the rest.") from None
        self.stdout.write(f"{erased} virtual visitors of {prop.name} were erased.")
