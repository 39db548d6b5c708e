"""Entries that could not be read: list them, look into one, put them back, throw them away.

./aktivat manage poison list   --property 3
./aktivat manage poison show   --property 3 --id 1764000000000-0
./aktivat manage poison replay --property 3                          all of them
./aktivat manage poison drop   --property 3 --id 1764000000000-0
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from properties.models import Property
from tracking import poison


class Command(BaseCommand):
    help = "Inspect, replay or drop the entries of a property's stream that could not be read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["list", "show", "replay", "drop"])
        parser.add_argument("--property", type=int, required=True, help="the id of the property")
        parser.add_argument("--id", action="append", help="an entry, as list names it; without it replay takes all")

    def handle(self, *args: Any, **options: Any) -> None:
        prop = Property.objects.filter(id=options["property"]).first()
        if prop is None:
            raise CommandError(f"There is no property {options['property']}.")
        try:
            self._act(options["action"], prop, options["id"])
        except poison.NoSuchEntry as error:
            raise CommandError(str(error)) from None

    def _act(self, action: str, prop: Property, ids: list[str] | None) -> None:
        if action == "list":
            self._list(prop)
        elif action == "show":
            for entry in [poison.find(prop, id) for id in ids] if ids else poison.waiting(prop):
                self.stdout.write(f"{entry.id}\n{entry.text()}")
        elif action == "replay":
            number = poison.replay(prop, ids if ids else [entry.id for entry in poison.waiting(prop)])
            self.stdout.write(f"Put back: {number}. The drain takes them within seconds.")
        elif not ids:
            raise CommandError("Name what is to be thrown away: --id ID, which can be given more than once.")
        else:
            self.stdout.write(f"Thrown away: {poison.drop(prop, ids)}.")

    def _list(self, prop: Property) -> None:
        for entry in poison.waiting(prop):
            why = entry.why or "can be read now"
            self.stdout.write(f"{entry.id}  {entry.at:%Y-%m-%d %H:%M:%S}  {len(entry.packed)} bytes  {why}")
