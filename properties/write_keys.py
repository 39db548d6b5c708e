"""Write keys: what a server shows to send events of one property. Shown once when made; only their digest is kept."""

import re
import secrets
from collections.abc import Iterable
from datetime import date

from django.utils import timezone

from accounts.tokens import digest_of
from properties.models import Property, WriteKey

START = "akw_"
RANDOM_BYTES = 32
PREFIX_LENGTH = 8
LONGEST_NAME = 120
MOST_KEYS = 50  # of a property, those in use

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def make(prop: Property, name: str, backfill: bool = False) -> str:
    """A new key to `prop`. This is the only time that its text is known.

    `backfill`: whether it may send events of any age. Raises ValueError with a sentence.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or _CONTROL.search(name):
        raise ValueError(f"Give the key a name of up to {LONGEST_NAME} characters, such as the server that uses it.")
    if WriteKey.objects.filter(prop=prop, revoked_at=None).count() >= MOST_KEYS:
        raise ValueError(f"{prop.name} has {MOST_KEYS} keys already: revoke one that is not used any more.")
    text = START + secrets.token_urlsafe(RANDOM_BYTES)
    WriteKey.objects.create(
        prop=prop, name=name, prefix=text[:PREFIX_LENGTH], digest=digest_of(text), backfill=backfill
    )
    return text


def revoke(prop: Property, key_id: int) -> WriteKey | None:
    """End the key; None when `prop` has no such key in use."""
    key = WriteKey.objects.filter(prop=prop, id=key_id, revoked_at=None).first()
    if key is not None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
    return key


def keys_of(prop: Property) -> list[WriteKey]:
    """Those in use first, the newest first."""
    keys = WriteKey.objects.filter(prop=prop).order_by("-id")
    return sorted(keys, key=lambda key: key.revoked_at is not None)


def note_use(key_ids: Iterable[int], day: date) -> None:
    """Remember that these keys were used that day."""
    WriteKey.objects.filter(id__in=list(key_ids)).update(last_used_on=day)
