"""What a source is. Pure.

    request ──► who ──► the collector looks them up: the place ──► read ──► letters ──► admission, stream
                                                                     │
                  answer ◄── outcome: how many were taken, what was not and why ◄──┘

A source holds no state, does no input or output, and never waits: it runs in the collector's event loop.
"""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl

import msgspec

from tracking.admission import Grant, Sender
from tracking.wire import Batch, Refused

GZIP = 31  # zlib: 15 bits of window, and the header of gzip


@dataclass(frozen=True)
class Request:
    """One request, without the address it came from. `headers` have names in lower case. `received`: ms since 1970."""

    method: str
    path: str
    query_string: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    received: int

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    @cached_property
    def query(self) -> dict[str, str]:
        """The last value of each name; nothing where there are too many to be meant."""
        return parsed(self.query_string)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The body, which is one JSON object whatever its type is said to be. Raises Refused."""
        try:
            found: Any = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refused("bad_json", f"The body is no JSON: {str(error)[:200]}") from None
        if not isinstance(found, dict):
            raise Refused("bad_schema", "The body is a JSON object.")
        return found


def parsed(query_string: bytes) -> dict[str, str]:
    try:
        pairs: list[tuple[str, str]] = parse_qsl(query_string.decode("ascii", "replace"), max_num_fields=50)
    except ValueError:
        return {}
    return dict(pairs)


def unpacked(body: bytes, encoding: bytes, most: int) -> bytes:
    """The body without its Content-Encoding. Raises Refused: other than gzip, broken, more than `most` bytes."""
    if encoding in (b"", b"identity"):
        return body
    if encoding != b"gzip":
        raise Refused("bad_encoding", "A body is sent as it is, or with gzip.", 415)
    unpack = zlib.decompressobj(GZIP)
    try:
        plain = unpack.decompress(body, most + 1)
    except zlib.error as error:
        raise Refused("bad_encoding", f"The body is no gzip: {error}") from None
    if len(plain) > most:
        raise Refused("too_large", f"The body is larger than {most} bytes.", 413)
    if not unpack.eof:
        raise Refused("bad_encoding", "The body is not whole.")
    return plain


class Key(NamedTuple):
    """Who sends has a write key."""

    text: str


class Site(NamedTuple):
    """Who sends names a site. `account` is asked for where several have it."""

    host: str
    account: str = ""


Who = Key | Site | None  # None: each batch says it itself


class Letter(NamedTuple):
    """A batch, and what tells its sender and itself. `sender`: None where it is who makes the request.

    `message`: what a repeat of it is told by (tracking.messages.digest_of); such a batch has one event.
    """

    batch: Batch
    sender: Sender | None = None
    message: bytes = b""


@dataclass
class Reading:
    """What was read of a request. `refused`: the number of each message that could not be, and why.

    `is_trial`: it is only asked what would become of it; nothing is taken or counted.
    """

    letters: list[Letter] = field(default_factory=list)
    refused: list[tuple[int, Refused]] = field(default_factory=list)
    is_trial: bool = False


@dataclass
class Outcome:
    """What became of a request. `refused`: why nothing of it was taken."""

    taken: int = 0
    dropped: Counter[str] = field(default_factory=Counter)  # reason -> events
    errors: list[tuple[int, Refused]] = field(default_factory=list)
    refused: Refused | None = None


class Reply(NamedTuple):
    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Sequence[tuple[bytes, bytes]] = ()


class Source(Protocol):
    @property
    def name(self) -> str:
        """How docs/sources.md calls it."""
        ...

    @property
    def doors(self) -> Sequence[tuple[str, str]]:
        """(method, path) of all that it answers."""
        ...

    @property
    def most_bytes(self) -> int:
        """Of a body, unpacked."""
        ...

    def who(self, request: Request) -> Who:
        """Who sends, as far as the request says it. Raises Refused."""
        ...

    def read(self, request: Request, place: Grant | None) -> Reading:
        """The events of the request. `place`: whose they are, found by `who`. Raises Refused when none can be read."""
        ...

    def answer(self, request: Request, outcome: Outcome) -> Reply:
        """What the vendor's clients expect. The collector adds the reasons, as headers. Never raises."""
        ...


def bearer(request: Request) -> str:
    """The key of an `Authorization: Bearer …`. Raises Refused."""
    scheme, _, text = request.header(b"authorization").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise no_key("Authorization: Bearer and the write key")
    return text.strip()


def no_key(where: str) -> Refused:
    return Refused("no_key", f"This needs a write key of the property: {where}.", 401)


def as_json(status: int, value: object) -> Reply:
    return Reply(status, msgspec.json.encode(value), "application/json")
