"""Addresses are cut down before anything keeps them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.addresses import truncated_ip


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.207", "203.0.113.0"),
        (" 203.0.113.7 ", "203.0.113.0"),
        ("203.0.113.7:51234", "203.0.113.0"),
        ("2001:db8:1234:ff78:9abc:def0:1234:5678", "2001:db8:1234::"),
        ("[2001:db8:1234:5678::1]:443", "2001:db8:1234::"),
        ("::ffff:203.0.113.7", "203.0.113.0"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::"),
    ],
)
def test_an_address_keeps_its_network_only(address: str, kept: str) -> None:
    assert truncated_ip(address) == kept


@pytest.mark.parametrize("text", ["", "unknown", "203.0.113", "203.0.113.7, 198.51.100.4", "1.2.3.4@home"])
def test_what_cannot_be_cut_is_not_kept(text: str) -> None:
    assert truncated_ip(text) == ""


@given(st.one_of(st.ip_addresses().map(str), st.text()))
def test_cutting_twice_cuts_nothing_more(text: str) -> None:
    assert truncated_ip(truncated_ip(text)) == truncated_ip(text)
