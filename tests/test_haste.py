"""Threads take turns more often for the time of an answer only."""

import sys

import pytest

from ipar_results.live.thread_switching import fast_switching


@pytest.fixture(autouse=True)
def interval():
    """The interval of this process, put back whatever a test did."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    yield
    sys.setswitchinterval(before)


def test_threads_take_turns_more_often_until_the_answer_is_sent():
    with fast_switching():
        assert sys.getswitchinterval() < 0.001
    assert sys.getswitchinterval() == pytest.approx(0.005)


def test_an_error_puts_the_interval_back():
    with pytest.raises(ValueError, match="odd"), fast_switching():
        raise ValueError("odd")
    assert sys.getswitchinterval() == pytest.approx(0.005)


def test_an_interval_that_somebody_sets_meanwhile_stays():
    with fast_switching():
        sys.setswitchinterval(0.02)
    assert sys.getswitchinterval() == pytest.approx(0.02)


def test_one_that_is_shorter_already_is_left_alone():
    sys.setswitchinterval(0.0001)
    with fast_switching():
        assert sys.getswitchinterval() == pytest.approx(0.0001)
    assert sys.getswitchinterval() == pytest.approx(0.0001)
