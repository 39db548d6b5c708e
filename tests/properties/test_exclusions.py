from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.exclusions import Exclusions

TEXT = """
203.0.113.7
10.0.0.0/8
192.168.1.5/24
2001:db8::/32
"""


@pytest.mark.parametrize(
    ("address", "held"),
    [
        ("203.0.113.7", True),
        ("203.0.113.8", False),
        ("10.255.0.1", True),
        ("192.168.1.77", True),
        ("2001:db8:ffff::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_addresses_and_networks(address: str, held: bool) -> None:
    assert Exclusions.parse(TEXT).holds(address) is held
    assert not Exclusions.parse("\n").holds(address)


@given(st.ip_addresses(), st.integers(0, 128))
def test_a_network_holds_what_the_standard_library_says(address: object, length: int) -> None:
    parsed = ip_address(str(address))
    network = ip_network(f"{parsed}/{min(length, parsed.max_prefixlen)}", strict=False)
    excluded = Exclusions.parse(str(network))
    assert excluded.holds(str(network[0]))
    assert excluded.holds(str(network[-1]))
    assert excluded.holds(str(parsed))


@pytest.mark.parametrize("line", ["10.0.0.0/33", "example.org", "1.2.3", "10.0.0.1 office"])
def test_a_wrong_line_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="no address") as raised:
        Exclusions.parse(f"10.0.0.1\n{line}")
    assert repr(line) in str(raised.value)


def test_an_ipv4_address_in_ipv6_form_is_the_same() -> None:
    assert Exclusions.parse("10.0.0.0/8").holds("::ffff:10.1.2.3")
