"""Only addresses of the public internet are asked, in whatever form they come."""

from __future__ import annotations

import pytest

from django_large_image.access.url import is_public


@pytest.mark.parametrize(
    'address', ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', '::ffff:93.184.215.14']
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    'address',
    [
        '127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1',
        '::1', '::', 'fe80::1', 'fc00::1', 'fec0::1', 'ff02::1', '::ffff:127.0.0.1', '::127.0.0.1', '::10.0.0.1',
        '64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2002:7f00:1::', '2001:0:1::1', '::ffff:10.0.0.1', '::ffff:224.0.0.1', 'ff0e::1',
    ],
)  # fmt: skip
def test_not_public(address: str) -> None:
    assert not is_public(address)
