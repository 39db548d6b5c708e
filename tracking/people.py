"""People: the property's own users, and which virtual visitors are theirs. Pure.

    loginUser("anna") in browser 7      ─► anna is 7
    loginUser("anna") in browser 12     ─► 12 is an alias of 7: counted as people they are one, past and present
    loginUser("ben")  in browser 12     ─► ben is known from elsewhere or new: 12 stays anna's, nobody is merged

A virtual visitor belongs to the first person who logs in there. So a shared browser never makes two
people one, and neither does an id that many share, such as "null".
"""

import msgspec

Value = str | int | float | bool | None

# What careless pages send when nobody is logged in.
NOBODY = frozenset(
    (
        "",
        "0",
        "-1",
        "null",
        "none",
        "nil",
        "undefined",
        "nan",
        "anonymous",
        "guest",
        "unknown",
        "false",
        "true",
        "[object object]",
    )
)
LONGEST_ID = 200
MOST_DATA = 60  # values kept of a person


class Person(msgspec.Struct, array_like=True, gc=False):
    """`visitor`: the index that stands for all of theirs, None until a visitor is theirs. Times: ms since 1970.

    `signed_up`: the first sign-up that is known, 0 while none is. `sign_up_waits`: it is not counted yet.
    """

    visitor: int | None
    first_seen: int
    last_seen: int
    signed_up: int = 0
    data: dict[str, Value] = {}
    sign_up_waits: bool = False


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Person)


def encode(person: Person) -> bytes:
    return _encoder.encode(person)


def decode(record: bytes) -> Person:
    return _decoder.decode(record)


def person_id(user: str) -> str:
    """The id of the person that `user` names; empty when it names nobody."""
    trimmed = user.strip()[:LONGEST_ID]
    return "" if trimmed.lower() in NOBODY else trimmed


def learn(person: Person, at: int, data: dict[str, Value]) -> None:
    """What an event at `at` says of a person; a value of None is forgotten."""
    person.first_seen, person.last_seen = min(person.first_seen, at), max(person.last_seen, at)
    if data:
        merged = {key: value for key, value in {**person.data, **data}.items() if value is not None}
        person.data = dict(list(merged.items())[:MOST_DATA])
