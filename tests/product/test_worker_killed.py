"""`kill -9` of the worker in the middle of 20,000 events: not one is lost or counted twice."""

import json
import os
import signal
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from properties.models import LayoutName
from tests.stack import Stack, wait_for
from tracking.keys import Keys

VISITORS = 40
EVENTS_OF_EACH = 500


@pytest.mark.slow
@pytest.mark.parametrize("layout", list(LayoutName))
def test_not_one_event_is_lost_or_counted_twice(stack: Stack, layout: LayoutName) -> None:
    account = stack.create_account(f"killed-{layout}@shop.example", "killed.example", layout=layout)
    keys = Keys(account["account_id"], account["property_id"])
    data = stack.data
    killed: list[int] = []
    now = time.time_ns() // 1_000_000
    today = datetime.now(UTC).date()
    for number in range(VISITORS):
        send(stack, account, now)
        if number in (10, 20, 30):
            killed += kill_worker(stack, killed)
    total = VISITORS * EVENTS_OF_EACH

    def progress() -> int:
        return int(data.hget(keys.progress, "events") or 0)

    wait_for(lambda: progress() >= total and data.xlen(keys.ingest) == 0, 120, lambda: f"{progress()} of {total}")
    assert len(set(killed)) == 3
    days = {f"{day:%Y-%m-%d}" for day in (today, datetime.fromtimestamp(now / 1000 - EVENTS_OF_EACH, UTC).date())}
    address = f"/api/v1/properties/{account['property_id']}/reports/overview/?from={min(days)}&to={max(days)}"
    found = json.loads(stack.send(address, Authorization=f"Bearer {account['api_token']}").body)
    assert (progress(), found["events"]["now"], found["sessions"]["now"]) == (total, total, VISITORS)
    assert int(data.hget(keys.progress, "visitors")) == VISITORS
    property_id = str(account["property_id"])
    counted_bits = stack.manage("bitmap", "count", f"everyone::{today.year}", "--property", property_id)
    assert int(counted_bits) == VISITORS
    if layout is LayoutName.SEED:
        assert data.bitcount(f"{keys.prefix}everyone::{today.year}") == VISITORS


def send(stack: Stack, account: dict[str, Any], now: int) -> None:
    events = [
        {"name": "pageview", "at": now - number * 1000, "url": "https://killed.example/"} for number in range(500)
    ]
    ids = {"visitor": str(uuid.uuid4()), "session": str(uuid.uuid4())}
    body = json.dumps({"account": account["account_id"], **ids, "events": events})
    assert stack.send(f"/track/it?account={account['account_id']}", body.encode()).status == 202


def kill_worker(stack: Stack, before: list[int]) -> list[int]:
    """End the whole worker without warning, once the supervisor has a new one running."""
    wait_for(lambda: stack.pid("worker") not in [0, *before], 60)
    pid = stack.pid("worker")
    os.killpg(os.getpgid(pid), signal.SIGKILL)
    return [pid]
