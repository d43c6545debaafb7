"""A pytest plugin: runs ipyparallel's own tests with the layer enabled, and shows that it stayed on."""

import time
from types import SimpleNamespace

import ipyparallel.tests
import pytest

import ipar_results

# Upstream gives its engines 15 s to start. They get eight times as much, since other tests run meanwhile.
ipyparallel.tests.time = SimpleNamespace(time=lambda: time.time() / 8, sleep=time.sleep)


@pytest.fixture(autouse=True)
def layer():
    ipar_results.enable()
    yield
    assert ipar_results.enabled(), "the layer was taken off while the test ran"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """All that passed without the layer when this was written: 41 tests of results and 22 of magics."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    passed = len(reporter.stats.get("passed", ()))
    if session.exitstatus == pytest.ExitCode.OK and passed < 63:
        reporter.write_line(f"only {passed} of upstream's tests passed: 63 did when this was written")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure():
    ipar_results.disable()
