"""Internet addresses, cut down before anything keeps them: to a network of many, never one machine."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

KEPT_BITS: Final = {4: 24, 6: 48}
"""Of 32 and of 128: about what one provider's district shares."""


def truncated_ip(text: str) -> str:
    """The address without its last parts, 203.0.113.7 as 203.0.113.0; "" for what is no address.

    A port, brackets and a zone are left off; an IPv4 address within an IPv6 one is cut as IPv4.
    """
    address = _address(text.strip())
    if address is None:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    network = ip_network(f"{address}/{KEPT_BITS[address.version]}", strict=False)
    return str(network.network_address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
