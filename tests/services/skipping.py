"""What a test does without a service."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skip the test for `reason`, or fail it where REQUIRE_SERVICES=1 says that every service has to be there."""
    if os.environ.get('REQUIRE_SERVICES') == '1':
        pytest.fail(f'{reason} (REQUIRE_SERVICES=1)', pytrace=False)
    pytest.skip(reason)
