"""What a program says: one call for each kind of event. All of them return at once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Union

from aktivat_client.delivery import Delivery, Event

Id = Union[str, int]
Moment = Union[datetime, int, float]  # a date, or seconds since 1970
Refused = Callable[[Sequence[Event], str, str], None]
SECONDS_AT_THE_END = 10.0


class Client:
    """One for a program and property. `server` is its address, `write_key` a key of the property's settings page."""

    def __init__(
        self,
        server: str,
        write_key: str,
        *,
        flush_seconds: float = 1.0,
        queue_size: int = 10_000,
        timeout: float = 15.0,
        on_refused: Refused | None = None,
    ) -> None:
        self._delivery = Delivery(
            f"{server.rstrip('/')}/track/api/events",
            write_key,
            flush_seconds=flush_seconds,
            queue_size=queue_size,
            timeout=timeout,
            on_refused=on_refused,
        )

    def track(
        self,
        name: str,
        *,
        visitor: Id | None = None,
        user: Id | None = None,
        attributes: Mapping[str, Any] | None = None,
        at: Moment | None = None,
        id: str | None = None,
        **more: Any,
    ) -> bool:
        """An event of that name; `visitor` or `user` says who did it. Whether it is queued.

        `id`: tells it from all others, where the program has something that does. `more`: what else the HTTP API takes.
        """
        event: Event = {
            "name": name,
            "id": id or uuid.uuid4().hex,
            "at": milliseconds(time.time() if at is None else at),
            "visitor": visitor,
            "user": user,
            "attributes": dict(attributes) if attributes else None,
            **more,
        }
        return self._delivery.add({key: value for key, value in event.items() if value is not None})

    def page(self, url: str, **more: Any) -> bool:
        """Somebody views a page."""
        return self.track("pageview", url=url, **more)

    def sign_up(
        self, user: Id, data: Mapping[str, Any] | None = None, signed_up: Moment | None = None, **more: Any
    ) -> bool:
        """Somebody signs up, or did so at `signed_up`."""
        return self._of_user("signup", user, data, signed_up, more)

    def log_in(
        self, user: Id, data: Mapping[str, Any] | None = None, signed_up: Moment | None = None, **more: Any
    ) -> bool:
        """Somebody logs in; with `signed_up` a sign-up from before Aktivat was there counts on its own date."""
        return self._of_user("login", user, data, signed_up, more)

    def update(self, user: Id, data: Mapping[str, Any], **more: Any) -> bool:
        """More is known of a user."""
        return self._of_user("user_update", user, data, None, more)

    def flush(self, seconds: float = SECONDS_AT_THE_END) -> bool:
        """Wait until all that is queued has been answered, so long at most. Whether it has."""
        return self._delivery.flush(seconds)

    def close(self, seconds: float = SECONDS_AT_THE_END) -> bool:
        """Send what is queued, so long at most, and take nothing more. Whether everything has been answered."""
        return self._delivery.close(seconds)

    def _of_user(
        self, name: str, user: Id, data: Mapping[str, Any] | None, signed_up: Moment | None, more: Mapping[str, Any]
    ) -> bool:
        date = None if signed_up is None else milliseconds(signed_up)
        return self.track(name, user=user, data=dict(data) if data else None, signed_up=date, **more)


def milliseconds(moment: Moment) -> int:
    """Milliseconds since 1970. A date without a zone is local, as Python has it."""
    return round((moment.timestamp() if isinstance(moment, datetime) else moment) * 1000)
