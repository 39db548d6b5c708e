"""`manage export --property ID --from DAY --to DAY --format csv|ndjson|parquet [--output FILE]`: every event."""

import os
import sys
from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cluster.connections import shard
from properties.models import Property
from tracking.archive import reader, schema
from tracking.archive.exporting import FORMATS
from tracking.archive.listing import Changed
from tracking.archive.store import StoreError, store
from tracking.keys import Keys

ROWS_BETWEEN_REPORTS = 500_000


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day such as 2026-11-24.") from None


class Command(BaseCommand):
    help = "Write every event of some local days, archived or not yet, each once; in no particular order."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--property", type=int, required=True, help="its id")
        parser.add_argument("--from", type=day, required=True, dest="first", help="the first day, 2026-11-01")
        parser.add_argument("--to", type=day, required=True, dest="last", help="the last day, included")
        parser.add_argument("--format", choices=list(FORMATS), required=True)
        parser.add_argument("--output", type=Path, help="a file, which is there when it is complete; else stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        prop = Property.objects.filter(id=options["property"]).first()
        if prop is None:
            raise CommandError(f"There is no property {options['property']}.")
        if options["first"] > options["last"]:
            raise CommandError("--from is after --to.")
        output: Path | None = options["output"]
        try:
            if output is None:
                self._write(prop, options, sys.stdout.buffer)
                sys.stdout.buffer.flush()
                return
            part = output.with_name(f"{output.name}.part")
            with part.open("wb") as file:
                self._write(prop, options, file)
            os.replace(part, output)
        except (StoreError, Changed, OSError) as error:
            raise CommandError(f"The export is not complete: {error}") from error

    def _write(self, prop: Property, options: dict[str, Any], out: BinaryIO) -> None:
        client = shard(Keys(prop.account_id, prop.id).archived)
        tables = reader.everything(store(), client, prop, options["first"], options["last"], columns=schema.COLUMNS)
        done = reported = 0
        for rows in FORMATS[options["format"]](tables, out):
            done += rows
            if done - reported >= ROWS_BETWEEN_REPORTS:
                reported = done
                self.stderr.write(f"{done:,} events")
        self.stderr.write(f"{done:,} events, complete")
