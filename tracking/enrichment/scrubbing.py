"""Addresses without personal data and secrets. Pure.

What is found becomes `[removed]`, percent-encoded; the rest of the address stays letter for letter. Removed are

- the user and password before the host;
- the values of parameters with a telling name (`email`, `access_token`, …), in query, fragment and path (`;sid=`);
- every path segment, parameter and piece of the fragment that holds an e-mail address, a JSON Web Token
  (RFC 7519), a card number, a long token, or an address with one of these inside, also when it is encoded twice.

A UUID stays: it is how shops number their products and orders.
"""

import re
from functools import lru_cache
from urllib.parse import unquote

REMOVED = "%5Bremoved%5D"
NOTHING_KEPT: frozenset[str] = frozenset()

# Names without `-`, `_`, `.` and brackets. Those of the first list also at the end of a name, as `reset_token`.
_ENDINGS = "apikey creditcard email emailaddress passwd password phone phonenumber secret sessionid token"
_NAMES = """
    accesskey address auth authorization bearer birthdate birthday card cardnumber ccnumber code credential credentials
    csrf cvc cvv dob firstname fullname iban jsessionid jwt key lastname mail mobile otp pass passphrase phpsessid pin
    privatekey pwd session sid sig signature ssn surname tel telephone username xsrf
"""
NAMES = frozenset((_ENDINGS + _NAMES).split())
ENDINGS = tuple(_ENDINGS.split())
SHORTEST = 13  # letters of a card number; tokens have more

_LETTERS = r"\s@/\\?&#=:;,<>\"'()"  # what no local part of an address on the web holds
EMAIL = re.compile(rf"[^{_LETTERS}]@(?:[\w-]+\.)+[^\W\d_][\w-]*[^\W_]")
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}\.")
_USERINFO = re.compile(r"//[^/?#\s\\]*@")
_NESTED = re.compile(r"[?&;#]([^=?&;#]{1,64})=[^&;#]")
_SIGN_OF_MORE = re.compile(r"[@=%]")
_SIGNS = re.compile(r"[-_.\[\]\s]")
_LONG = re.compile(r"[A-Za-z0-9_+-]{24,}")
_BETWEEN_WORDS = re.compile(r"[_+-]")
# In one piece, or in the groups that cards are printed with: 4-4-4-4(-3), 4-6-5, 4-6-4.
_CARD = re.compile(
    r"(?<!\d)(?:\d{13,19}|\d{4}([ +-])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|\d{4}([ +-])\d{6}\2\d{4,5})(?!\d)", re.ASCII
)
# The issuers' first digits and lengths (ISO/IEC 7812): timestamps and campaign ids are as long.
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"
    r"|(?:6011|64[4-9]\d|65\d\d|62\d\d|35[2-8]\d)\d{12,15}|(?:50|5[6-8]|6\d)\d{11,17}"
)
_PARTS = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?([^/?#\\]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)

# An address without any of this holds nothing to remove, and most do not.
_SUSPECT = re.compile(r"[?#;=@%\\]|\d{13}|\d{4}[ +-]\d{4,6}[ +-]|[A-Za-z0-9_+-]{24}|eyJ")


@lru_cache(maxsize=8192)
def scrub(url: str, kept: frozenset[str] | None = None) -> str:
    """`url` without personal data and secrets; any text is taken, and nothing raised.

    `kept`: names of parameters whose values stay, whatever they hold; one in lower case stands for any case.
    Scrubbing twice changes nothing more.
    """
    if not _SUSPECT.search(url):
        return url
    parts = _PARTS.fullmatch(url)
    assert parts is not None  # every part may be empty, and together they take any letter
    scheme, host, path, query, fragment = (part or "" for part in parts.groups())
    names = NOTHING_KEPT if kept is None else kept
    if scheme:
        host = host.rpartition("@")[2]
        host = REMOVED if any(map(EMAIL.search, _readings(host))) else host
    else:
        host, path = "", host + path
    return scheme + host + _path(path, names) + _query(query, names) + _fragment(fragment, names)


def _path(path: str, kept: frozenset[str]) -> str:
    return "/".join([_parameters(segment, kept) for segment in path.split("/")])


def _query(query: str, kept: frozenset[str]) -> str:
    return query[:1] + _parameters(query[1:], kept)


def _fragment(fragment: str, kept: frozenset[str]) -> str:
    """A fragment is a name, parameters (`#access_token=…`), or a path of its own (`#/reset?token=…`)."""
    path, mark, query = fragment[1:].partition("?")
    return fragment[:1] + _path(path, kept) + mark + _parameters(query, kept)


def _parameters(text: str, kept: frozenset[str]) -> str:
    """Text of `name=value` pairs and of words, between `&` and `;`."""
    pieces = re.split(r"([&;])", text)
    pieces[::2] = [_piece(piece, kept) for piece in pieces[::2]]
    return "".join(pieces)


def _piece(piece: str, kept: frozenset[str]) -> str:
    name, equals, value = piece.partition("=")
    if not equals:
        return REMOVED if _tells(piece) else piece
    if kept and not kept.isdisjoint([unquote(name), unquote(name).lower()]):
        return piece
    if value and (_is_telling(name) or _tells(value)):
        value = REMOVED
    return f"{REMOVED if _tells(name) else name}={value}"


@lru_cache(maxsize=4096)
def _is_telling(name: str) -> bool:
    return any(_tells_by_name(reading) for reading in _readings(name))


def _tells_by_name(name: str) -> bool:
    plain = _SIGNS.sub("", name).lower()
    return plain in NAMES or plain.endswith(ENDINGS)


def _tells(text: str) -> bool:
    """Whether a piece of an address holds personal data or a secret."""
    if len(text) < SHORTEST and not _SIGN_OF_MORE.search(text):
        return False
    return any(_holds(reading) for reading in _readings(text))


def _readings(text: str) -> list[str]:
    """The text, and what it is percent-decoded: up to three times, for an address in a redirect in another."""
    found = [text]
    while "%" in found[-1] and len(found) < 4:
        found.append(unquote(found[-1]))
    return found


def _holds(text: str) -> bool:
    if "@" in text and (EMAIL.search(text) or _USERINFO.search(text)):
        return True
    if "=" in text and any(_tells_by_name(name) for name in _NESTED.findall(text)):
        return True
    return bool(_JWT.search(text)) or _holds_token(text) or _holds_card(text)


def _holds_token(text: str) -> bool:
    """A token is long and one of its pieces mixes letters and digits as no word does; words-of-a-title-2024 do not."""
    for run in _LONG.findall(text):
        for piece in _BETWEEN_WORDS.split(run):
            digits = sum(letter.isdigit() for letter in piece)
            # The longest piece of a UUID has 12.
            if digits and (len(piece) >= 24 or (len(piece) > 12 and digits < len(piece))):
                return True
    return False


def _holds_card(text: str) -> bool:
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if _ISSUERS.fullmatch(digits) and _luhn(digits):
            return True
    return False


def _luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B."""
    doubled = [int(digit) for digit in digits[-2::-2]]
    plain = [int(digit) for digit in digits[-1::-2]]
    return (sum(plain) + sum(2 * digit - 9 * (digit > 4) for digit in doubled)) % 10 == 0
