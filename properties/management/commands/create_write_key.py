"""A write key for a property, for scripts that set up a server."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from properties import write_keys
from properties.models import Property


class Command(BaseCommand):
    help = "Make a key to send events of a property; the last line is JSON with the key, which is not shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("property", type=int, help="the property's id")
        parser.add_argument("--name", required=True, help="what will use it")
        parser.add_argument("--backfill", action="store_true", help="it may send events of any age")

    def handle(self, *args: Any, **options: Any) -> None:
        prop = Property.objects.filter(id=options["property"]).first()
        if prop is None:
            raise CommandError(f"There is no property {options['property']}.")
        try:
            text = write_keys.make(prop, options["name"], options["backfill"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps({"property_id": prop.id, "write_key": text}))
