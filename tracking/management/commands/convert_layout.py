"""`manage convert_layout PROPERTY seed|packed`: keep a property's bitmaps in the other layout."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from properties.models import LayoutName, Property
from tracking.conversion import convert
from tracking.lease import Busy


class Command(BaseCommand):
    help = "Keep a property's bitmaps in the other layout. Events keep coming; they are counted afterwards."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("property", type=int, help="its id")
        parser.add_argument("layout", choices=LayoutName.values)

    def handle(self, *args: Any, **options: Any) -> None:
        prop = Property.objects.filter(id=options["property"]).first()
        if prop is None:
            raise CommandError(f"There is no property {options['property']}.")
        try:
            copied = convert(prop, LayoutName(options["layout"]))
        except Busy as busy:
            raise CommandError(str(busy)) from None
        self.stdout.write(f"{prop.name} is kept in the layout {options['layout']}; {copied} slots were copied.")
