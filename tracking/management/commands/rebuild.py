"""`manage rebuild PROPERTY --from --to`: make bitmaps, sums and sessions anew from the archive."""

import os
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from properties.models import Property
from tracking import rebuild
from tracking.archive.store import StoreError
from tracking.lease import Busy


class Command(BaseCommand):
    help = "Make a property's numbers anew from its archive. Events keep coming; they are counted afterwards."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("property", type=int, help="its id")
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="first day, as 2026-11-01")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, help="last day")
        parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")

    def handle(self, *args: Any, **options: Any) -> None:
        prop = Property.objects.filter(id=options["property"]).first()
        if prop is None:
            raise CommandError(f"There is no property {options['property']}.")
        known = rebuild.days_of_archive(prop)
        if known is None:
            self.stdout.write("The archive of this property is empty; nothing was changed.")
            return
        first, last = options["first"] or known[0], options["last"] or known[1]
        try:
            events = rebuild.rebuild(prop, first, last, self._tell, options["jobs"])
        except (Busy, StoreError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{prop.name}: {events} events from {first} to {last} were counted anew.")

    def _tell(self, day: date, events: int) -> None:
        self.stderr.write(f"{day}  {events:>12,} events")
