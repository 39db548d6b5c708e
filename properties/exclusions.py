"""Addresses whose visits are not counted: the owner's own office, a monitor. Pure."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network


@dataclass(frozen=True)
class Exclusions:
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @staticmethod
    def parse(text: str) -> "Exclusions":
        """One address or network a line, as 203.0.113.7 or 2001:db8::/32. Raises ValueError naming the line."""
        found = []
        for line in filter(None, map(str.strip, text.splitlines())):
            try:
                found.append(ip_network(line, strict=False))
            except ValueError:
                raise ValueError(f"{line!r} is no address such as 203.0.113.7 or 2001:db8::/32.") from None
        return Exclusions(tuple(found))

    def holds(self, address: str) -> bool:
        if not self.networks:
            return False
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        forms = {parsed, getattr(parsed, "ipv4_mapped", None) or parsed}
        return any(form in network for form in forms for network in self.networks)
