"""API tokens: shown once when issued; only their digest is kept."""

import hashlib
import secrets

from accounts.models import Account, ApiToken

START = "akt_"
RANDOM_BYTES = 32
PREFIX_LENGTH = 8


def issue(account: Account, name: str) -> str:
    """A new token of `account`. This is the only time that its text is known."""
    text = START + secrets.token_urlsafe(RANDOM_BYTES)
    ApiToken.objects.create(account=account, name=name, prefix=text[:PREFIX_LENGTH], digest=digest_of(text))
    return text


def verify(text: str) -> ApiToken | None:
    """The token that `text` is, or None.

    It is found by its digest, so the time that takes tells nothing about the token's own letters.
    """
    if not text.startswith(START):
        return None
    return ApiToken.objects.select_related("account").filter(digest=digest_of(text)).first()


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
