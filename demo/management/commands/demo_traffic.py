"""Play visitors to the demo shop: the last 30 days once, then a few a minute until SIGTERM."""

import argparse
import signal
import threading
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo import state
from demo.state import History
from demo.traffic import Refused, Sender, Stopped, now_ms, play_history, play_live


def server(text: str) -> str:
    address = urlsplit(text)
    if address.scheme not in ("http", "https") or not address.hostname or address.path.strip("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is not an address such as http://127.0.0.1:8000")
    return f"{address.scheme}://{address.netloc}"


class Command(BaseCommand):
    help = "Play visitors to the demo shop, through the collector."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--server", type=server, default="http://127.0.0.1:8000", help="where the collector is")
        parser.add_argument("--visitors", type=int, default=400, help="how many people the past has")
        parser.add_argument("--days", type=int, default=30, help="how many days back it goes, 30 at most")
        parser.add_argument("--seed", type=int, default=7, help="another number makes other visitors")
        parser.add_argument("--visits-a-second", type=float, default=25, help="how fast the past is played")
        parser.add_argument("--per-minute", type=float, default=0.7, help="how many come live")
        parser.add_argument("--once", action="store_true", help="play the past, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        demo = state.read()
        if demo is None:
            raise CommandError("The demo has no account yet: run demo_account first.")
        for name in ("visitors", "days", "visits_a_second", "per_minute"):
            if options[name] <= 0:
                raise CommandError(f"--{name.replace('_', '-')} must be above 0.")
        stop = threading.Event()
        before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self.play(Sender(options["server"], settings.PUBLIC_URL, demo.account_id, stop, self.tell), options)
        except Stopped:
            self.tell("Stopped; the next start goes on from here.")
        except Refused as refused:
            raise CommandError(str(refused)) from None
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def play(self, sender: Sender, options: dict[str, Any]) -> None:
        sender.wait_until_ready()
        wanted = History(options["seed"], options["visitors"], options["days"], now_ms())
        play_history(sender, wanted, options["visits_a_second"])
        if not options["once"]:
            self.tell(f"Now about {options['per_minute']:g} visitors a minute come live.")
            play_live(sender, options["seed"], options["visitors"], options["per_minute"])

    def tell(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
