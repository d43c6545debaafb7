"""What the tests on real engines share."""

import pytest

import ipar_results


@pytest.fixture
def layer():
    """Follow results while a test runs."""
    ipar_results.enable()
    yield
    ipar_results.disable()
