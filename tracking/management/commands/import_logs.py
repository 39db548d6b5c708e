"""`manage import_logs PROPERTY FILE …`: the visits in access logs of a web server, each once."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from redis.exceptions import RedisClusterException, RedisError

from properties.models import Property
from tracking import directory
from tracking.drops import EXPLANATIONS
from tracking.enrichment.countries import Countries
from tracking.log_import import Imported, LogImport
from tracking.shelves import shelf_of
from tracking.sources.access_log import REASONS

SAY_EVERY_SECONDS = 5.0


class Command(BaseCommand):
    help = "Take the visits of access logs (common or combined format, also gzipped). What was read before is left out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("property", type=int, help="the property's id")
        parser.add_argument("files", nargs="+", type=Path, help="the logs, the oldest first")
        parser.add_argument("--host", help="the hostname that the log is of (default: the property's first)")

    def handle(self, *args: Any, **options: Any) -> None:
        prop = Property.objects.filter(id=options["property"]).first()
        if prop is None:
            raise CommandError(f"There is no property {options['property']}.")
        host = options["host"] or next(
            (known.pattern for known in prop.hostnames.all() if "*" not in known.pattern), ""
        )
        if not host:
            raise CommandError("Say with --host which site the logs are of.")
        run = LogImport(prop, host, shelf_of(prop), directory.load(), Countries(settings.GEO_DATABASE or None))
        for file in options["files"]:
            try:
                done = run.read(file, Progress(self, file))
            except (OSError, EOFError) as error:
                raise CommandError(f"{file}: {error}") from None
            except (RedisError, RedisClusterException) as error:
                raise CommandError(
                    f"{file}: the data cluster does not answer ({error}). Run it again to go on."
                ) from None
            self._tell(file, done)

    def _tell(self, file: Path, done: Imported) -> None:
        self.stdout.write(f"{file}: {done.lines:,} new lines, {done.events:,} events.")
        for reason, number in done.left_out.most_common():
            self.stdout.write(f"  {number:,} left out: {REASONS.get(reason) or EXPLANATIONS.get(reason, reason)}")


class Progress:
    """Says now and then how far a file is."""

    def __init__(self, command: BaseCommand, file: Path) -> None:
        self._command, self._file = command, file
        self._said = time.monotonic()

    def __call__(self, done: Imported) -> None:
        if time.monotonic() - self._said >= SAY_EVERY_SECONDS:
            self._said = time.monotonic()
            self._command.stderr.write(f"{self._file}: {done.lines:,} lines, {done.events:,} events")
