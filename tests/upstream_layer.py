"""A pytest plugin: runs ipyparallel's own tests with the layer enabled, and shows that it stayed on."""

import pytest

import ipar_results


@pytest.fixture(autouse=True)
def layer():
    ipar_results.enable()
    yield
    assert ipar_results.enabled(), "the layer was taken off while the test ran"


def pytest_unconfigure():
    ipar_results.disable()
