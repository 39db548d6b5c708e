"""Which hostnames belong to a property: exact names, `*.example.com`, or `*` for any. Pure.

`*.example.com` stands for every host below example.com at any depth, and not for example.com
itself. The most exact pattern wins: an exact name, then the longest wildcard, then `*`.
"""

import re
from collections.abc import Iterator

LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
PATTERN = re.compile(rf"\*|(?:\*\.)?{LABEL}(?:\.{LABEL})*|\[[0-9a-f:.]+\]")
LONGEST = 253


def normalise(hostname: str) -> str:
    """`hostname` in lower case, without a final dot; other scripts in their ASCII form (IDNA).

    Raises ValueError when it is no hostname and no wildcard.
    """
    name = hostname.strip().lower().rstrip(".")
    if not name.isascii():
        name = _ascii_form(name)
    if len(name) > LONGEST or not PATTERN.fullmatch(name):
        raise ValueError(f"{hostname!r} is not a hostname such as www.example.com or *.example.com.")
    return name


def _ascii_form(name: str) -> str:
    """The IDNA form. Letters that Python's IDNA of 2003 and browsers encode differently (ß, ς) are refused."""
    try:
        encoded = name.encode("idna")
        if encoded.decode("idna") == name:
            return encoded.decode()
    except UnicodeError:
        raise ValueError(f"{name!r} is not a hostname.") from None
    raise ValueError(f"{name!r} has a letter that browsers write differently: say the hostname in its xn-- form.")


def patterns_for(hostname: str) -> Iterator[str]:
    """Every pattern that `hostname` matches, the most exact first."""
    yield hostname
    rest = hostname
    while "." in rest:
        rest = rest.partition(".")[2]
        yield f"*.{rest}"
    yield "*"
