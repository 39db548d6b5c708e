import pytest

from properties.exclusions import Exclusions
from tracking.peers import is_loopback, sender

TRUSTED = Exclusions.parse("127.0.0.1\n10.0.0.0/8\n2001:db8:1::/48")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9"], "192.0.2.1"),  # whoever it is, it is no proxy of ours
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.9"], "198.51.100.9"),
        ("127.0.0.1", ["203.0.113.5, 198.51.100.9"], "198.51.100.9"),  # the first is what the client says
        ("127.0.0.1", ["203.0.113.5", "198.51.100.9"], "198.51.100.9"),
        ("127.0.0.1", ["203.0.113.5, 198.51.100.9, 10.1.1.1,10.2.2.2"], "198.51.100.9"),
        ("127.0.0.1", ["10.3.3.3, 10.1.1.1"], "10.3.3.3"),
        ("::ffff:127.0.0.1", ["198.51.100.9"], "198.51.100.9"),
        ("2001:db8:1::5", ["2001:db8:2::7"], "2001:db8:2::7"),
        ("127.0.0.1", ["198.51.100.9:4711"], "198.51.100.9"),
        ("127.0.0.1", ["[2001:db8:2::7]:4711"], "2001:db8:2::7"),
        ("127.0.0.1", ["198.51.100.9, unknown"], ""),
        ("127.0.0.1", ["198.51.100.9, "], ""),
        ("127.0.0.1", ["' OR 1=1"], ""),
        ("", ["198.51.100.9"], ""),
    ],
)
def test_the_last_address_that_is_no_proxy_is_the_senders(peer: str, forwarded: list[str], address: str) -> None:
    assert sender(peer, forwarded, TRUSTED) == address


def test_without_trusted_proxies_the_header_says_nothing() -> None:
    assert sender("127.0.0.1", ["198.51.100.9"], Exclusions()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("", False),
        ("localhost", False),
    ],
)
def test_loopback_is_this_machine(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback
