"""The switch interval is shorter while a reply is sent, and only then."""

import sys

import pytest

from ipar_results.live.thread_switching import fast_switching


@pytest.fixture(autouse=True)
def interval():
    """Restore the interval of this process after each test."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    yield
    sys.setswitchinterval(before)


def test_the_interval_is_shorter_inside_the_context():
    with fast_switching():
        assert sys.getswitchinterval() < 0.001
    assert sys.getswitchinterval() == pytest.approx(0.005)


def test_an_error_restores_the_interval():
    with pytest.raises(ValueError, match="odd"), fast_switching():
        raise ValueError("odd")
    assert sys.getswitchinterval() == pytest.approx(0.005)


def test_an_interval_that_is_set_meanwhile_stays():
    with fast_switching():
        sys.setswitchinterval(0.02)
    assert sys.getswitchinterval() == pytest.approx(0.02)


def test_a_shorter_interval_is_left_alone():
    sys.setswitchinterval(0.0001)
    with fast_switching():
        assert sys.getswitchinterval() == pytest.approx(0.0001)
    assert sys.getswitchinterval() == pytest.approx(0.0001)
