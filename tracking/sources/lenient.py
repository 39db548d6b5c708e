"""Reading what other vendors' clients send: what has an odd type is left out, what is too long is cut. Pure."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tracking.wire import MAX_ATTRIBUTES, Refused, Value

LONGEST_VALUE, LONGEST_ADDRESS, LONGEST_NAME = 2000, 2000, 120
DEEPEST = 3
LARGEST = 2**53
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)


def text(value: Any, longest: int = 200) -> str:
    """A string or number as text; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\x00", "").strip()[:longest]


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def address(value: Any) -> str:
    """An address as browsers write it: without blanks."""
    return "".join("%20" if letter == " " else letter for letter in text(value, LONGEST_ADDRESS) if letter >= " ")[
        :LONGEST_ADDRESS
    ]


def country(value: Any) -> str:
    """The two letters of a country; empty where it is written in another way."""
    found = text(value)
    return found.upper() if len(found) == 2 and found.isascii() and found.isalpha() else ""


def amount(value: Any) -> int | float | None:
    """A number, also one that is written as text; None for what is none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else None


def first(*values: Any) -> Any:
    """The first that says something."""
    return next((value for value in values if value not in (None, "")), None)


def moment(value: Any) -> int | None:
    """Milliseconds since 1970 of such a number, or of a time as ISO 8601 writes it (UTC without a zone).

    None where there is none. Raises Refused for what is no time.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
            return max(0, round(seconds * 1000))
        if not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= LARGEST:
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise Refused("bad_time", f"{str(value)[:60]!a} is no time: milliseconds since 1970, or ISO 8601.")


def flat(value: Any, without: Collection[str] = ()) -> dict[str, Value]:
    """The values in a JSON object by name, `a.b` for those of an inner one; the first that may be."""
    found: dict[str, Value] = {}
    for name, inner in _values(mapping(value), "", without):
        if len(found) == MAX_ATTRIBUTES:
            break
        found[name] = inner
    return found


def _values(
    value: Mapping[str, Any], before: str, without: Collection[str], depth: int = 1
) -> Iterator[tuple[str, Value]]:
    for key, inner in value.items():
        name = before + key
        if name in without or not key or len(name) > LONGEST_NAME or not name.isprintable():
            continue
        if isinstance(inner, dict):
            if depth < DEEPEST:
                yield from _values(inner, f"{name}.", without, depth + 1)
        elif isinstance(inner, list):
            if words := ", ".join(word for one in inner if (word := text(one))):
                yield name, words[:LONGEST_VALUE]
        else:
            yield name, _plain(inner)


def _plain(value: Any) -> Value:
    if isinstance(value, str):
        return value.replace("\x00", "")[:LONGEST_VALUE]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) > LARGEST:
        return float(value)
    return value if isinstance(value, bool | int) else None
