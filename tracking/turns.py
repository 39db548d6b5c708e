"""What every task begins with: is the property still there, and was somebody else quicker."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import WatchError

from properties.models import Property

log = logging.getLogger(__name__)


def property_of(account_id: int, property_id: int) -> Property | None:
    return Property.objects.filter(id=property_id, account_id=account_id).first()


@contextmanager
def first_or_not_at_all(prop: Property) -> Iterator[None]:
    """Of two that do the same one is refused, and nothing is lost: the next sweep looks again."""
    try:
        yield
    except WatchError:
        log.info("property %s: somebody else was first", prop.id)
