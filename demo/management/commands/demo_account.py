"""Make the demo's user, account and property where they are missing."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from demo import account


class Command(BaseCommand):
    help = "Make the demo's user, account and property once; prints JSON, with the password when it was just made."

    def handle(self, *args: Any, **options: Any) -> None:
        demo = account.ensure()
        told = {key: value for key, value in asdict(demo).items() if value is not None}
        self.stdout.write(json.dumps(told))
