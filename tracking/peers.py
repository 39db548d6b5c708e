"""Which address a request comes from, behind proxies that are trusted and past those that are not. Pure.

    client ──► proxy ──► proxy ──► here        X-Forwarded-For: <whatever the client says>, client, proxy
                                                                                            ▲
    read from the right: the first address that is not one of our proxies is the client's ──┘

A peer that is no trusted proxy is the sender itself, whatever its headers say.
"""

from collections.abc import Iterable
from ipaddress import ip_address

from properties.exclusions import Exclusions


def sender(peer: str, forwarded: Iterable[str], trusted: Exclusions) -> str:
    """The sender's address; "" where it cannot be told. `forwarded`: the values of X-Forwarded-For, in order."""
    if not trusted.holds(peer):
        return peer
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    address = peer
    for hop in reversed(hops):
        address = _without_port(hop)
        if not trusted.holds(address):
            break
    return address if _is_address(address) else ""


def is_loopback(address: str) -> bool:
    """Whether it is this machine's own; such an address tells nobody apart."""
    return address == "::1" or address.startswith(("127.", "::ffff:127."))


def _without_port(hop: str) -> str:
    """`[2001:db8::1]:443` and `192.0.2.1:443`, as some proxies write it."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
