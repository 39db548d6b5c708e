"""Writes small databases of addresses in MaxMind's format, version 2.0: https://maxmind.github.io/MaxMind-DB/."""

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

Value = str | Mapping[str, "Value"]
Node = list[object]  # two entries, each None, another node, or a record's place in the data section

SEPARATOR = bytes(16)
MARK = b"\xab\xcd\xefMaxMind.com"


def write(path: Path, records: Mapping[str, Value]) -> None:
    """A database of IPv4 and IPv6 from networks to records; IPv4 stands at ::/96, as the format says."""
    root: Node = [None, None]
    data = b""
    for text, record in records.items():
        network = ip_network(text)
        bits = f"{int(network.network_address):0{network.max_prefixlen}b}"[: network.prefixlen]
        _insert(root, "0" * 96 + bits if network.version == 4 else bits, len(data))
        data += _encoded(record)
    nodes = _numbered(root)
    numbers = {id(node): number for number, node in enumerate(nodes)}
    tree = b"".join(_entry(side, numbers).to_bytes(4, "big") for node in nodes for side in node)
    path.write_bytes(tree + SEPARATOR + data + MARK + _about(len(nodes)))


def _insert(node: Node, bits: str, place: int) -> None:
    for bit in bits[:-1]:
        below = node[int(bit)]
        if not isinstance(below, list):
            below = list[object]([None, None])
            node[int(bit)] = below
        node = below
    node[int(bits[-1])] = place


def _numbered(root: Node) -> list[Node]:
    nodes = [root]
    for node in nodes:  # grows while it is walked
        nodes += [side for side in node if isinstance(side, list)]
    return nodes


def _entry(side: object, numbers: Mapping[int, int]) -> int:
    if side is None:
        return len(numbers)
    if isinstance(side, int):
        return len(numbers) + len(SEPARATOR) + side
    return numbers[id(side)]


def _about(nodes: int) -> bytes:
    """The metadata, a map of nine pairs, with the types that the format names for each."""
    fields = {
        "node_count": _number(6, nodes),
        "record_size": _number(5, 32),
        "ip_version": _number(5, 6),
        "database_type": _encoded("Test"),
        "languages": bytes([0, 11 - 7]),  # an empty array
        "description": _encoded({}),
        "binary_format_major_version": _number(5, 2),
        "binary_format_minor_version": _number(5, 0),
        "build_epoch": _number(9, 1),
    }
    return bytes([7 << 5 | len(fields)]) + b"".join(_encoded(key) + value for key, value in fields.items())


def _number(kind: int, value: int) -> bytes:
    """An unsigned number: type 5 of 16 bits, 6 of 32, 9 of 64. Types above 7 stand in a second byte."""
    size = (value.bit_length() + 7) // 8
    head = [kind << 5 | size] if kind <= 7 else [size, kind - 7]
    return bytes(head) + value.to_bytes(size, "big")


def _encoded(value: Value) -> bytes:
    """Strings (type 2) and maps (7), each shorter than 29 bytes or pairs."""
    if isinstance(value, str):
        text = value.encode()
        return bytes([2 << 5 | len(text)]) + text
    pairs = b"".join(_encoded(key) + _encoded(some) for key, some in value.items())
    return bytes([7 << 5 | len(value)]) + pairs
