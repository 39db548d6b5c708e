"""What a Python program says by the client is in the bitmaps."""

from datetime import UTC, datetime

from aktivat_client import Client
from tests.product.sources import Site, added
from tests.stack import Stack


def test_what_a_program_says_is_in_the_bitmaps(stack: Stack) -> None:
    site = Site.make(stack, "python.example")
    before = site.counted()
    client = Client(stack.url, site.key)
    assert client.page("https://python.example/prices", visitor="v-1", country="NO")
    assert client.sign_up("4711", {"plan": "pro"})
    assert client.log_in("4712", {"plan": "free"}, datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert client.update("4711", {"city": "Bergen"})
    assert client.track("purchase", user="4711", attributes={"transaction_id": "1", "value": 5, "currency": "EUR"})
    assert client.close(30)
    assert not client.track("late", user="4711")
    new = added(before, site.counted())
    names = ("pageview", "signup", "login", "user_update", "purchase")
    assert [new[f"evt:{name}"] for name in names] == [1] * len(names)
    assert (new["page:/prices"], new["geo:NO"]) == (1, 1)
