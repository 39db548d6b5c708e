"""A running Aktivat with an account whose properties are in every state that a page can show."""

import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.stack import Stack, wait_for
from tracking.keys import Keys

OWNER, VIEWER = "alice@aktivat.example", "bob@aktivat.example"
PASSWORD = "correct horse battery"
DAYS = 12
# Beside Shop, which has events. The names are those of their hostnames.
OTHERS = ("empty", "waiting", "alive", "hostile")
MAKE = """
import json
from accounts.models import Account, Membership, User
from properties import definitions
account = Account.objects.get(id={account})
viewer = User.objects.create_user({viewer!r}, {password!r})
Membership.objects.create(account=account, user=viewer, role="viewer")
made = [definitions.create(account, name.title(), [name + ".example"]).id for name in {others!r}]
print(json.dumps(made))
"""


@dataclass
class Site:
    """The stack, the account, and the ids of its properties by name."""

    stack: Stack
    account: int
    properties: dict[str, int]

    def page(self, name: str, rest: str = "") -> str:
        return f"{self.stack.url}/properties/{self.properties[name]}/{rest}"

    def pages(self) -> dict[str, str]:
        """Every page, and every state of those that have several."""
        return {
            "overview": self.page("shop"),
            "hours": self.page("shop", "?period=today&metric=events"),
            "months": self.page("shop", "?period=12m&metric=sessions"),
            "no data": self.page("shop", "?from=2020-01-01&to=2020-01-05"),
            "bad dates": self.page("shop", "?from=2026-01-05&to=2026-01-01"),
            "no event yet": self.page("empty"),
            "data health": self.page("shop", "health/"),
            "data health, nothing": self.page("empty", "health/"),
            "snippet": self.page("shop", "snippet/"),
            "snippet, waiting": self.page("empty", "snippet/"),
            "settings": self.page("shop", "settings/"),
            "properties": f"{self.stack.url}/properties/",
            "create": f"{self.stack.url}/properties/new/",
            "not found": f"{self.stack.url}/properties/999999/",
        }

    def send(self, *events: tuple[str, str, datetime], taken: bool = True) -> None:
        """One visitor's events (name, address, when), over HTTP as a tracker sends them."""
        body = {
            "account": self.account,
            "visitor": str(uuid.uuid4()),
            "session": str(uuid.uuid4()),
            "sent": time.time_ns() // 1_000_000,
            "events": [{"name": name, "url": url, "at": int(at.timestamp() * 1000)} for name, url, at in events],
        }
        answer = self.stack.send(f"/track/it?account={self.account}", json.dumps(body).encode())
        assert (answer.status == 202) is taken, answer

    def counted(self, name: str) -> int:
        """The events of a property that are in its numbers."""
        key = Keys(self.account, self.properties[name]).progress
        return int(self.stack.data.hget(key, "events") or 0)


def make(stack: Stack) -> Site:
    printed = stack.create_account(OWNER, "shop.example", PASSWORD)
    account = int(printed["account_id"])
    script = MAKE.format(account=account, viewer=VIEWER, password=PASSWORD, others=OTHERS)
    made = json.loads(stack.manage("shell", "-c", script).splitlines()[-1])
    site = Site(stack, account, {"shop": int(printed["property_id"]), **dict(zip(OTHERS, made, strict=True))})
    _visit(site)
    return site


def _visit(site: Site) -> None:
    """A visitor on each of the last days: two pages and an event, some from a campaign; and what is not taken."""
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for back in range(DAYS):
        at = midnight + (now - midnight) / 4 - timedelta(days=back)
        campaign = "?utm_source=news&utm_campaign=spring" if back % 4 == 0 else ""
        site.send(
            ("pageview", f"https://shop.example/a-path-that-is-too-long-for-a-phone/number-{back}{campaign}", at),
            ("pageview", "https://shop.example/pricing", at + timedelta(milliseconds=1)),
            ("signup", "https://shop.example/pricing", at + timedelta(milliseconds=2)),
        )
    site.send(("pageview", "https://shop.example/", now - timedelta(days=40)), taken=False)
    site.send(("pageview", "https://unknown.example/", now), taken=False)
    wait_for(lambda: site.counted("shop") == DAYS * 3, 60)
