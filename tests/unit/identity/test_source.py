"""Where guesses come from: one network is one source, however many addresses it has."""

import pytest

from duban.identity.rules.attempts import source_of


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("64:ff9b::c000:207", "192.0.2.7"),
        ("::1", "::/64"),
        ("", ""),
        ("not an address" * 20, ("not an address" * 20)[:100]),
    ],
)
def test_is_the_address_or_of_ipv6_its_network(address: str, source: str) -> None:
    assert source_of(address) == source
