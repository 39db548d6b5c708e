"""A property that servers write to, and what of it is in the bitmaps. Its layout is the one any client can read."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.stack import Answer, Stack, wait_for
from tracking.keys import Keys


@dataclass
class Site:
    """`key` is its write key."""

    stack: Stack
    account: int
    id: int
    host: str
    key: str

    @staticmethod
    def make(stack: Stack, host: str, *options: str) -> "Site":
        made = stack.create_account(f"owner@{host}", host, layout="seed")
        account, prop = int(made["account_id"]), int(made["property_id"])
        printed = stack.manage("create_write_key", str(prop), "--name", "a server", *options)
        return Site(stack, account, prop, host, json.loads(printed.splitlines()[-1])["write_key"])

    @property
    def keys(self) -> Keys:
        return Keys(self.account, self.id)

    def post(self, path: str, body: object, /, **headers: str) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.stack.send(path, raw, **{"Content-Type": "application/json", **headers})

    def events(self, *events: object, **more: object) -> Answer:
        """To the HTTP API."""
        return self.post("/track/api/events", {"events": events, **more}, Authorization=f"Bearer {self.key}")

    def segment(self, kind: str, body: object) -> Answer:
        basic = base64.b64encode(f"{self.key}:".encode()).decode()
        return self.post(f"/v1/{kind}", body, Authorization=f"Basic {basic}")

    def google(self, body: object, path: str = "/mp/collect") -> Answer:
        return self.post(f"{path}?measurement_id=G-1&api_secret={self.key}", body)

    def counted(self, metric: str = "events", days_ago: int = 0) -> dict[str, int]:
        """trait -> how much of it there is on that day, once nothing waits any more."""
        wait_for(lambda: not self.stack.data.xlen(self.keys.ingest), 60)
        day = (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()
        found = self.stack.data.hgetall(self.keys.total(metric, day))
        return {trait.decode(): int(number) for trait, number in found.items()}

    def visitors(self, trait: str) -> int:
        """How many visitors have the trait today, by its bitmap."""
        self.counted()
        return int(self.stack.data.bitcount(f"{self.keys.prefix}{trait}::{datetime.now(UTC).date().isoformat()}"))

    def drops(self) -> dict[str, int]:
        found = self.stack.data.hgetall(self.keys.drops(datetime.now(UTC).date().isoformat()))
        return {reason.decode(): int(number) for reason, number in found.items()}

    def archived(self) -> Any:
        """How many events were ever counted."""
        self.counted()
        return int(self.stack.data.hget(self.keys.progress, "events") or 0)


def added(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {trait: number - before.get(trait, 0) for trait, number in after.items() if number != before.get(trait, 0)}
